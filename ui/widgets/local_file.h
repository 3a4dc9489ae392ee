// What is dropped or pasted, as a file.
#pragma once

#include <QMimeData>
#include <QUrl>

namespace omniq::ui {

/// The first file of this machine among what `data` names; empty: there is none.
inline QString local_file(const QMimeData* data) {
  for (const QUrl& url : data->urls()) {
    if (url.isLocalFile()) return url.toLocalFile();
  }
  return {};
}

}  // namespace omniq::ui
