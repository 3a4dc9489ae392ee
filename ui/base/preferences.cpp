#include "ui/base/preferences.h"

#include <QSettings>
#include <algorithm>

#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr auto kTheme = "window/theme", kDevice = "engine/device", kThreads = "engine/threads",
               kWorkspace = "window/workspace", kSmoothing = "curves/smoothing",
               kNotify = "training/notify", kClosing = "training/closing";

struct Default {
  const char* key;
  QVariant value;
};

const QList<Default>& defaults() {
  static const QList<Default> all = {
      {kTheme, 0},      {kDevice, u"auto"_s}, {kThreads, 0}, {kWorkspace, u"runs"_s},
      {kSmoothing, 60}, {kNotify, true},      {kClosing, 0}};
  return all;
}

}  // namespace

Preferences& preferences() {
  static Preferences all;
  return all;
}

QVariant Preferences::value(const char* key) const {
  const auto known = std::find_if(defaults().begin(), defaults().end(),
                                  [key](const Default& one) { return one.key == key; });
  return QSettings().value(key, known->value);
}

void Preferences::set(const char* key, const QVariant& value) {
  if (this->value(key) == value) return;
  QSettings().setValue(key, value);
  Q_EMIT changed();
}

// What stands in the file may have been written by hand: it is put in range.
ThemeMode Preferences::theme() const {
  return static_cast<ThemeMode>(std::clamp(value(kTheme).toInt(), 0, 2));
}
void Preferences::set_theme(ThemeMode mode) { set(kTheme, static_cast<int>(mode)); }

QString Preferences::device() const {
  const QString name = value(kDevice).toString();
  return name == "cpu"_L1 || name == "cuda"_L1 ? name : u"auto"_s;
}
void Preferences::set_device(const QString& device) { set(kDevice, device); }

int Preferences::threads() const { return std::clamp(value(kThreads).toInt(), 0, 1024); }
void Preferences::set_threads(int threads) { set(kThreads, threads); }

QString Preferences::workspace() const {
  const QString folder = value(kWorkspace).toString();
  return folder.isEmpty() ? u"runs"_s : folder;
}
void Preferences::set_workspace(const QString& folder) { set(kWorkspace, folder); }

int Preferences::smoothing() const { return std::clamp(value(kSmoothing).toInt(), 0, 99); }
void Preferences::set_smoothing(int percent) { set(kSmoothing, percent); }

bool Preferences::notify() const { return value(kNotify).toBool(); }
void Preferences::set_notify(bool on) { set(kNotify, on); }

Preferences::Closing Preferences::closing() const {
  return static_cast<Closing>(std::clamp(value(kClosing).toInt(), 0, 2));
}
void Preferences::set_closing(Closing closing) { set(kClosing, static_cast<int>(closing)); }

QStringList Preferences::engine_settings() const {
  QStringList settings;
  if (device() != "auto"_L1) settings.append(u"device="_s + device());
  if (threads() > 0) settings.append(u"threads=%1"_s.arg(threads()));
  return settings;
}

void Preferences::apply_to(config::Experiment& experiment) const {
  if (experiment.device == "auto") experiment.device = to_std(device());
  if (experiment.threads == 0) experiment.threads = threads();
}

QVariantMap Preferences::reset() {
  QSettings settings;
  QVariantMap before;
  for (const Default& one : defaults()) {
    if (settings.contains(one.key)) before[QString::fromLatin1(one.key)] = settings.value(one.key);
    settings.remove(one.key);
  }
  Q_EMIT changed();
  return before;
}

void Preferences::restore(const QVariantMap& before) {
  QSettings settings;
  for (auto it = before.begin(); it != before.end(); ++it) settings.setValue(it.key(), it.value());
  Q_EMIT changed();
}

}  // namespace omniq::ui
