// "Save as", with what went wrong on a card.
#pragma once

#include <QString>
#include <functional>

#include "core/base/result.h"

class QWidget;

namespace omniq::ui {

class MessageCard;

/// Asks for a file, beginning with `name`, and lets `write` write it. `filter` as QFileDialog
/// takes it.
void ask_and_save(QWidget* parent, const QString& title, const QString& name, const QString& filter,
                  MessageCard& card, const std::function<Status(const QString& file)>& write);

}  // namespace omniq::ui
