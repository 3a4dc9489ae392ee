#include "ui/models/items/problem_model.h"

#include <QColor>
#include <QCoreApplication>
#include <algorithm>
#include <map>

#include "core/data/survey.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"

namespace omniq::ui {

using data::ProblemKind;

namespace {

QString tr(const char* text) { return QCoreApplication::translate("ProblemModel", text); }

constexpr auto kOtherClips =
    QT_TRANSLATE_NOOP("ProblemModel", "Write lists that train on other clips");

struct Kind {
  ProblemKind kind;
  const char* remedy;
};
/// In the order of what they do to a result.
constexpr Kind kKinds[] = {
    {ProblemKind::missing,
     QT_TRANSLATE_NOOP("ProblemModel", "Copy the file to its place, or write lists without it")},
    {ProblemKind::unreadable,
     QT_TRANSLATE_NOOP("ProblemModel", "Copy or convert the file, or write lists without it")},
    {ProblemKind::in_both_lists, kOtherClips},
    {ProblemKind::class_without_clips,
     QT_TRANSLATE_NOOP("ProblemModel",
                       "Add videos to the class's folder, or write lists without it")},
    {ProblemKind::group_in_both_lists, kOtherClips},
    {ProblemKind::cut_off,
     QT_TRANSLATE_NOOP("ProblemModel", "Copy the file again; as it is, its first part is used")},
    {ProblemKind::damaged,
     QT_TRANSLATE_NOOP("ProblemModel",
                       "Copy the file again; as it is, what can be decoded is used")},
    {ProblemKind::listed_twice,
     QT_TRANSLATE_NOOP("ProblemModel", "It is used once; written lists name it once")},
    {ProblemKind::unknown_class,
     QT_TRANSLATE_NOOP("ProblemModel", "Add it to the class index, or leave it out")},
    {ProblemKind::not_listed,
     QT_TRANSLATE_NOOP("ProblemModel",
                       "Choose the class folders instead of lists, or leave it out")}};

int gravity(ProblemKind kind) {
  return static_cast<int>(std::find_if(std::begin(kKinds), std::end(kKinds),
                                       [kind](const Kind& one) { return one.kind == kind; }) -
                          kKinds);
}

QString kind_text(ProblemKind kind) { return tr(data::problem_name(kind).c_str()); }

QColor kind_color(ProblemKind kind) {
  const Theme& theme = Theme::current();
  const int at = gravity(kind);
  return at < gravity(ProblemKind::group_in_both_lists) ? theme.bad
         : at < gravity(ProblemKind::unknown_class)     ? theme.warning
                                                        : theme.muted;
}

bool graver(const data::Problem& a, const data::Problem& b) {
  return gravity(a.kind) < gravity(b.kind);
}

}  // namespace

ProblemModel::ProblemModel(QObject* parent)
    : TableModel({{tr("Problem")}, {tr("Where")}, {tr("What")}, {tr("What to do")}}, parent) {}

QVariant ProblemModel::cell(int row, int column, int role) const {
  const data::Problem& problem = rows_[static_cast<std::size_t>(row)];
  if (role == kSortRole && column == kKind) return gravity(problem.kind);
  if (role == Qt::ForegroundRole && column == kKind) return kind_color(problem.kind);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole && role != kSortRole) return {};
  switch (column) {
    case kKind:
      return kind_text(problem.kind);
    case kWhere:
      return to_qt(problem.id);
    case kWhat:
      return to_qt(problem.what);
    default:
      return tr(kKinds[gravity(problem.kind)].remedy);
  }
}

void ProblemModel::set_problems(std::vector<data::Problem> problems) {
  std::stable_sort(problems.begin(), problems.end(), graver);
  set_rows(std::move(problems));
}

void ProblemModel::add(const data::Problem& problem) {
  const auto place = std::upper_bound(rows_.begin(), rows_.end(), problem, graver);
  const int row = static_cast<int>(place - rows_.begin());
  beginInsertRows({}, row, row);
  rows_.insert(place, problem);
  endInsertRows();
}

bool ProblemModel::lists_would_help() const {
  return std::any_of(rows_.begin(), rows_.end(), [](const data::Problem& problem) {
    return problem.kind != ProblemKind::cut_off && problem.kind != ProblemKind::damaged &&
           gravity(problem.kind) < gravity(ProblemKind::unknown_class);
  });
}

QString ProblemModel::summary() const {
  std::map<int, int> counts;
  for (const data::Problem& problem : rows_) ++counts[gravity(problem.kind)];
  QStringList parts;
  for (const auto& [at, count] : counts)
    parts.append(QStringLiteral("%1 %2").arg(count).arg(kind_text(kKinds[at].kind)));
  return parts.join(QStringLiteral(", "));
}

}  // namespace omniq::ui
