#include "ui/widgets/command_palette.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QStyledItemDelegate>

#include "ui/base/theme.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr int kShortcutRole = Qt::UserRole, kActionRole = Qt::UserRole + 1;

// The name of the action, and its shortcut at the right where it has one.
class CommandDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option,
             const QModelIndex& index) const override {
    QStyledItemDelegate::paint(painter, option, index);
    painter->setPen(Theme::current().muted);
    painter->drawText(option.rect.adjusted(0, 0, -12, 0), Qt::AlignRight | Qt::AlignVCenter,
                      index.data(kShortcutRole).toString());
  }
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    return {QStyledItemDelegate::sizeHint(option, index).width(), 32};
  }
};

}  // namespace

CommandPalette::CommandPalette(const QList<QAction*>& actions, QWidget* parent)
    : QDialog(parent, Qt::Popup | Qt::FramelessWindowHint) {
  setObjectName(u"command_palette"_s);
  setAttribute(Qt::WA_DeleteOnClose);
  for (QAction* action : actions) actions_.append(action);
  search_ = new QLineEdit;
  search_->setPlaceholderText(tr("Type what you want to do"));
  search_->setAccessibleName(tr("Command"));
  search_->installEventFilter(this);
  list_ = new QListWidget;
  list_->setItemDelegate(new CommandDelegate(list_));
  list_->setFocusPolicy(Qt::NoFocus);
  lay_out(this, in_column({search_, list_}, 6), {8, 8, 8, 8});
  connect(search_, &QLineEdit::textChanged, this, &CommandPalette::filter);
  connect(search_, &QLineEdit::returnPressed, this, &CommandPalette::run_current);
  connect(list_, &QListWidget::itemClicked, this, &CommandPalette::run_current);
  filter({});
  resize(520, 360);
  if (parent) {
    const QPoint centre = parent->mapToGlobal(QPoint(parent->width() / 2, 0));
    move(centre.x() - width() / 2, centre.y() + 90);
  }
  search_->setFocus();
}

void CommandPalette::filter(const QString& text) {
  list_->clear();
  const QStringList words = text.toLower().split(u' ', Qt::SkipEmptyParts);
  for (qsizetype i = 0; i < actions_.size(); ++i) {
    QAction* action = actions_[i];
    if (!action || !action->isEnabled()) continue;
    QString name = action->text().remove(u'&');
    while (name.endsWith(u'…')) name.chop(1);
    const QString lower = name.toLower();
    if (!std::all_of(words.begin(), words.end(),
                     [&](const QString& word) { return lower.contains(word); }))
      continue;
    auto* item = new QListWidgetItem(name, list_);
    item->setData(kShortcutRole, action->shortcut().toString(QKeySequence::NativeText));
    item->setData(kActionRole, static_cast<int>(i));
  }
  list_->setCurrentRow(0);
}

void CommandPalette::run_current() {
  const QListWidgetItem* item = list_->currentItem();
  const QPointer<QAction> action = item ? actions_[item->data(kActionRole).toInt()] : nullptr;
  close();
  if (action) action->trigger();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched == search_ && event->type() == QEvent::KeyPress) {
    const int key = static_cast<QKeyEvent*>(event)->key();
    if (key == Qt::Key_Down || key == Qt::Key_Up) {
      const int last = list_->count() - 1;
      list_->setCurrentRow(
          std::clamp(list_->currentRow() + (key == Qt::Key_Down ? 1 : -1), 0, last));
      return true;
    }
  }
  return QDialog::eventFilter(watched, event);
}

}  // namespace omniq::ui
