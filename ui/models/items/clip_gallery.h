// The clips of one class with small pictures, which are decoded when a view asks for them.
#pragma once

#include <QAbstractListModel>
#include <QCache>
#include <QPixmap>
#include <QSet>

#include "core/data/survey.h"
#include "ui/base/worker_thread.h"
#include "ui/jobs/thumbnail_job.h"

namespace omniq::ui {

class ClipGallery : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { kFileRole = Qt::UserRole, kPartRole, kUnreadableRole };

  explicit ClipGallery(QObject* parent = nullptr);

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

  /// The clips of class `label` that are there.
  void set_class(const data::Survey& survey, std::int64_t label);
  void clear();

  static QSize picture_size() { return {152, 114}; }

 Q_SIGNALS:
  /// No picture can be made: what is wrong is not the clip.
  void failed(const omniq::Error& error);

 private:
  struct Clip {
    QString name, file;
    data::Part part;
  };
  void show_picture(const QString& file, const QImage& picture);
  void replace(QList<Clip> clips);

  QList<Clip> clips_;
  QMultiHash<QString, int> rows_;              // file → rows: what is in both lists has two
  mutable QCache<QString, QPixmap> pictures_;  // null: it cannot be decoded
  mutable QSet<QString> asked_;
  JobThread<ThumbnailJob> job_;
};

}  // namespace omniq::ui
