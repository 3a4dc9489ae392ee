#include "ui/base/format.h"

#include <QDateTime>
#include <QLocale>

#include "core/base/text.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

QString percent_text(double percent) {
  if (!(percent >= 0)) return dash();
  return QString::number(percent, 'f', 1) + u" %"_s;
}

QString bytes_text(double bytes) {
  if (!(bytes > 0)) return dash();
  return to_qt(human_bytes(static_cast<std::uint64_t>(bytes)));
}

QString duration_text(double seconds) {
  if (!(seconds >= 0)) return dash();
  return to_qt(human_seconds(seconds));
}

QString time_text(double seconds) {
  if (!(seconds > 0)) return dash();
  const QDateTime time = QDateTime::fromMSecsSinceEpoch(static_cast<qint64>(seconds * 1000));
  const bool this_year = time.date().year() == QDate::currentDate().year();
  return QLocale().toString(time, this_year ? u"d MMM HH:mm"_s : u"d MMM yyyy HH:mm"_s);
}

}  // namespace omniq::ui
