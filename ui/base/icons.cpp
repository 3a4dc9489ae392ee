#include "ui/base/icons.h"

#include <QFile>
#include <QPainter>
#include <QPixmap>
#include <QSvgRenderer>

#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QPixmap render(const QByteArray& svg, const QColor& color) {
  constexpr int kSize = 64;  // scaled down as needed, sharp at twice the size of any use
  QSvgRenderer renderer(QByteArray(svg).replace("currentColor", color.name().toLatin1()));
  QPixmap pixmap(kSize, kSize);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  renderer.render(&painter);
  return pixmap;
}

}  // namespace

QIcon icon(const QString& name, bool accent) {
  QFile file(u":/icons/"_s + name + u".svg"_s);
  if (!file.open(QIODevice::ReadOnly)) return {};
  const QByteArray svg = file.readAll();
  const Theme& theme = Theme::current();
  QIcon icon(render(svg, accent ? theme.accent : theme.text));
  QColor faded = theme.muted;
  icon.addPixmap(render(svg, faded), QIcon::Disabled);
  return icon;
}

}  // namespace omniq::ui
