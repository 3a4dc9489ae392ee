#include "ui/models/session/series_feed.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

SeriesFeed::SeriesFeed(QObject* parent) : QObject(parent), reader_(u"omniq metrics"_s) {
  connect(reader_.worker(), &SeriesReader::news, this, &SeriesFeed::add);
}

void SeriesFeed::follow(const QStringList& runs) {
  if (runs == runs_) return;
  runs_ = runs;
  series_.removeIf([&](const auto& entry) { return !runs.contains(entry.key()); });
  reader_.post([runs](SeriesReader& reader) { reader.follow(runs); });
}

const RunSeries& SeriesFeed::series(const QString& run) const {
  static const RunSeries empty;
  const auto found = series_.find(run);
  return found == series_.end() ? empty : *found;
}

void SeriesFeed::add(const SeriesNews& news) {
  if (!runs_.contains(news.path)) return;  // was on its way when the choice changed
  series_[news.path].add(news);
  Q_EMIT changed(news.path);
}

}  // namespace omniq::ui
