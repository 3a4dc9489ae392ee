#include "ui/pages/settings/licence_dialog.h"

#include <QDialogButtonBox>
#include <QFile>
#include <QPlainTextEdit>
#include <QTabWidget>

#include "ui/widgets/parts.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

LicenceDialog::LicenceDialog(QWidget* parent) : QDialog(parent) {
  setObjectName(u"licences"_s);
  setWindowTitle(tr("Licences"));
  resize(760, 600);
  auto* tabs = new QTabWidget;
  tabs->setDocumentMode(true);
  const std::pair<QString, QString> texts[] = {
      {tr("What applies where"), u"LICENSE"_s},
      {u"GPL-3.0-or-later"_s, u"GPL-3.0-or-later.txt"_s},
      {tr("Linking permission"), u"LicenseRef-linking-permission.txt"_s},
      {u"Apache-2.0"_s, u"Apache-2.0.txt"_s}};
  for (const auto& [title, name] : texts) {
    QPlainTextEdit* text = fixed_text(title);
    text->setReadOnly(true);
    QFile file(u":/licences/"_s + name);
    if (file.open(QIODevice::ReadOnly)) text->setPlainText(QString::fromUtf8(file.readAll()));
    tabs->addTab(text, title);
  }
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
  lay_out(this, in_column({{tabs, 1}, buttons}, 10), {14, 12, 14, 12});
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

}  // namespace omniq::ui
