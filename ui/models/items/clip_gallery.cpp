#include "ui/models/items/clip_gallery.h"

#include <QFileInfo>

#include "ui/base/text.h"
#include "ui/models/items/class_count_model.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {
constexpr int kPictures = 600;  // kept: about 40 MB
}

ClipGallery::ClipGallery(QObject* parent)
    : QAbstractListModel(parent), pictures_(kPictures), job_(u"omniq thumbnails"_s) {
  connect(job_.worker(), &ThumbnailJob::made, this, &ClipGallery::show_picture);
  job_.on(&ThumbnailJob::failed, this, [this](const Error& error) { Q_EMIT failed(error); });
}

int ClipGallery::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(clips_.size());
}

QVariant ClipGallery::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Clip& clip = clips_[index.row()];
  switch (role) {
    case Qt::DisplayRole:
      return clip.name;
    case Qt::ToolTipRole:
      return u"%1\n%2"_s.arg(clip.file, part_text(clip.part));
    case kFileRole:
      return clip.file;
    case kPartRole:
      return static_cast<int>(clip.part);
    case kUnreadableRole: {
      const QPixmap* picture = pictures_.object(clip.file);
      return picture && picture->isNull();
    }
    case Qt::DecorationRole: {
      if (const QPixmap* picture = pictures_.object(clip.file)) return *picture;
      if (!asked_.contains(clip.file)) {
        asked_.insert(clip.file);
        job_.ask_too([file = clip.file](ThumbnailJob& job, int ticket) {
          job.make(file, picture_size() * 2, ticket);
        });
      }
      return {};
    }
    default:
      return {};
  }
}

void ClipGallery::set_class(const data::Survey& survey, std::int64_t label) {
  const auto by_label = [](const data::SurveyedClip& a, const data::SurveyedClip& b) {
    return a.clip.label < b.clip.label;
  };
  data::SurveyedClip wanted;
  wanted.clip.label = label;
  const auto [first, last] =
      std::equal_range(survey.clips.begin(), survey.clips.end(), wanted, by_label);
  QList<Clip> clips;
  for (auto it = first; it != last; ++it) {
    if (it->missing) continue;
    const QString file = to_qt(it->clip.path.string());
    clips.append({QFileInfo(file).completeBaseName(), file, it->part});
  }
  replace(std::move(clips));
}

void ClipGallery::clear() { replace({}); }

void ClipGallery::replace(QList<Clip> clips) {
  beginResetModel();
  clips_ = std::move(clips);
  rows_.clear();
  for (qsizetype row = 0; row < clips_.size(); ++row)
    rows_.insert(clips_[row].file, static_cast<int>(row));
  asked_.clear();
  job_.forget();
  endResetModel();
}

void ClipGallery::show_picture(const QString& file, const QImage& picture) {
  auto pixmap = std::make_unique<QPixmap>(QPixmap::fromImage(picture));
  pixmap->setDevicePixelRatio(2);
  pictures_.insert(file, pixmap.release());
  for (const int row : rows_.values(file))
    Q_EMIT dataChanged(index(row), index(row), {Qt::DecorationRole, kUnreadableRole});
}

}  // namespace omniq::ui
