#pragma once

#include <memory>

#include "ui/engine/classifier.h"

namespace omniq::ui {

Result<std::unique_ptr<Classifier>> open_predictor(const std::filesystem::path& run,
                                                   const std::vector<std::string>& settings);

}  // namespace omniq::ui
