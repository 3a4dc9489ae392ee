#include "ui/models/items/problem_model.h"

#include <QColor>
#include <algorithm>
#include <map>

#include "ui/base/text.h"
#include "ui/base/theme.h"

namespace omniq::ui {

using data::ProblemKind;

namespace {

/// Kinds in the order of what they do to a result.
constexpr ProblemKind kGravity[] = {ProblemKind::missing,
                                    ProblemKind::unreadable,
                                    ProblemKind::in_both_lists,
                                    ProblemKind::class_without_clips,
                                    ProblemKind::group_in_both_lists,
                                    ProblemKind::cut_off,
                                    ProblemKind::damaged,
                                    ProblemKind::listed_twice,
                                    ProblemKind::unknown_class,
                                    ProblemKind::not_listed};

int gravity(ProblemKind kind) {
  return static_cast<int>(std::find(std::begin(kGravity), std::end(kGravity), kind) - kGravity);
}

QString kind_text(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::missing:
      return ProblemModel::tr("missing");
    case ProblemKind::unreadable:
      return ProblemModel::tr("unreadable");
    case ProblemKind::cut_off:
      return ProblemModel::tr("cut off");
    case ProblemKind::damaged:
      return ProblemModel::tr("damaged");
    case ProblemKind::listed_twice:
      return ProblemModel::tr("listed twice");
    case ProblemKind::in_both_lists:
      return ProblemModel::tr("in both lists");
    case ProblemKind::group_in_both_lists:
      return ProblemModel::tr("group in both lists");
    case ProblemKind::class_without_clips:
      return ProblemModel::tr("class without clips");
    case ProblemKind::not_listed:
      return ProblemModel::tr("not listed");
    case ProblemKind::unknown_class:
      return ProblemModel::tr("unknown class");
  }
  return {};
}

QString remedy(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::missing:
      return ProblemModel::tr("Copy the file to its place, or write lists without it");
    case ProblemKind::unreadable:
      return ProblemModel::tr("Copy or convert the file, or write lists without it");
    case ProblemKind::cut_off:
      return ProblemModel::tr("Copy the file again; as it is, its first part is used");
    case ProblemKind::damaged:
      return ProblemModel::tr("Copy the file again; as it is, what can be decoded is used");
    case ProblemKind::listed_twice:
      return ProblemModel::tr("It is used once; written lists name it once");
    case ProblemKind::in_both_lists:
    case ProblemKind::group_in_both_lists:
      return ProblemModel::tr("Write lists that train on other clips");
    case ProblemKind::class_without_clips:
      return ProblemModel::tr("Add videos to the class's folder, or write lists without it");
    case ProblemKind::not_listed:
      return ProblemModel::tr("Choose the class folders instead of lists, or leave it out");
    case ProblemKind::unknown_class:
      return ProblemModel::tr("Add it to the class index, or leave it out");
  }
  return {};
}

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

int ProblemModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(problems_.size());
}

int ProblemModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

QVariant ProblemModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const data::Problem& problem = problems_[static_cast<std::size_t>(index.row())];
  if (role == kSortRole && index.column() == kKind) return gravity(problem.kind);
  if (role == Qt::ForegroundRole && index.column() == kKind) return kind_color(problem.kind);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole && role != kSortRole) return {};
  switch (index.column()) {
    case kKind:
      return kind_text(problem.kind);
    case kWhere:
      return to_qt(problem.id);
    case kWhat:
      return to_qt(problem.what);
    case kRemedy:
      return remedy(problem.kind);
    default:
      return {};
  }
}

QVariant ProblemModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) return static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case kKind:
      return tr("Problem");
    case kWhere:
      return tr("Where");
    case kWhat:
      return tr("What");
    case kRemedy:
      return tr("What to do");
    default:
      return {};
  }
}

void ProblemModel::set_problems(std::vector<data::Problem> problems) {
  beginResetModel();
  problems_ = std::move(problems);
  std::stable_sort(problems_.begin(), problems_.end(), graver);
  endResetModel();
}

void ProblemModel::add(const data::Problem& problem) {
  const auto place = std::upper_bound(problems_.begin(), problems_.end(), problem, graver);
  const int row = static_cast<int>(place - problems_.begin());
  beginInsertRows({}, row, row);
  problems_.insert(place, problem);
  endInsertRows();
}

bool ProblemModel::lists_would_help() const {
  return std::any_of(problems_.begin(), problems_.end(), [](const data::Problem& problem) {
    return problem.kind != ProblemKind::cut_off && problem.kind != ProblemKind::damaged &&
           gravity(problem.kind) < gravity(ProblemKind::unknown_class);
  });
}

QString ProblemModel::summary() const {
  std::map<int, int> counts;
  for (const data::Problem& problem : problems_) ++counts[gravity(problem.kind)];
  QStringList parts;
  for (const auto& [at, count] : counts)
    parts.append(QStringLiteral("%1 %2").arg(count).arg(kind_text(kGravity[at])));
  return parts.join(QStringLiteral(", "));
}

}  // namespace omniq::ui
