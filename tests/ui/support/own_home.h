// Settings and a trash that no other process has, be it of the same build: tests clear them.
#pragma once

#include <QByteArray>

#include "tests/support/temporary_folder.h"

namespace omniq::ui::test {

/// To be made before the application. Its processes live there too.
class OwnHome {
 public:
  OwnHome() {
    for (const auto& [name, folder] : {std::pair{"HOME", "home"},
                                       {"XDG_CONFIG_HOME", "home/config"},
                                       {"XDG_DATA_HOME", "home/data"}}) {
      std::filesystem::create_directories(folder_ / folder);
      qputenv(name, QByteArray::fromStdString((folder_ / folder).string()));
    }
  }

 private:
  testing_support::TemporaryFolder folder_;
};

}  // namespace omniq::ui::test
