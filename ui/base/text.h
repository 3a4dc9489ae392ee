// Texts between the engine (UTF-8 in std::string) and Qt.
#pragma once

#include <QString>
#include <filesystem>
#include <string>

namespace omniq::ui {

inline QString to_qt(const std::string& text) { return QString::fromStdString(text); }
inline std::string to_std(const QString& text) { return text.toStdString(); }
inline QString path_text(const std::filesystem::path& path) { return to_qt(path.string()); }
inline std::filesystem::path to_path(const QString& text) { return text.toStdString(); }

}  // namespace omniq::ui
