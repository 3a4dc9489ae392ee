#include "ui/models/items/run_filter.h"

#include <set>

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QStringList sorted(const std::set<QString>& texts) { return {texts.begin(), texts.end()}; }

}  // namespace

RunFilter::RunFilter(QObject* parent) : QSortFilterProxyModel(parent) {
  setSortRole(WorkspaceModel::kSortRole);
  setSortLocaleAware(true);
  setDynamicSortFilter(true);
}

void RunFilter::set_search(const QString& text) {
  words_ = text.toLower().split(u' ', Qt::SkipEmptyParts);
  invalidateRowsFilter();
}
void RunFilter::set_states(const QStringList& states) {
  states_ = states;
  invalidateRowsFilter();
}
void RunFilter::set_fusion(const QString& fusion) {
  fusion_ = fusion;
  invalidateRowsFilter();
}
void RunFilter::set_tag(const QString& tag) {
  tag_ = tag;
  invalidateRowsFilter();
}
void RunFilter::set_show_archived(bool show) {
  show_archived_ = show;
  invalidateRowsFilter();
}

bool RunFilter::filtering() const {
  return !words_.isEmpty() || !states_.isEmpty() || !fusion_.isEmpty() || !tag_.isEmpty();
}

QStringList RunFilter::fusions() const {
  std::set<QString> all;
  for (const RunInfo& run : source()->runs()) {
    if (!run.fusion.isEmpty()) all.insert(run.fusion);
  }
  return sorted(all);
}

QStringList RunFilter::tags() const {
  std::set<QString> all;
  for (const RunInfo& run : source()->runs()) all.insert(run.tags.begin(), run.tags.end());
  return sorted(all);
}

const RunInfo& RunFilter::run(const QModelIndex& index) const {
  return source()->run(mapToSource(index).row());
}

bool RunFilter::filterAcceptsRow(int row, const QModelIndex&) const {
  const RunInfo& run = source()->run(row);
  if (run.archived && !show_archived_) return false;
  if (!states_.isEmpty() && !states_.contains(state_key(run))) return false;
  if (!fusion_.isEmpty() && run.fusion != fusion_) return false;
  if (!tag_.isEmpty() && !run.tags.contains(tag_)) return false;
  if (words_.isEmpty()) return true;
  const QString text = QStringList{run.name, run.id, run.fusion, run.tags.join(u' '), run.note}
                           .join(u'\n')
                           .toLower();
  return std::all_of(words_.begin(), words_.end(),
                     [&](const QString& word) { return text.contains(word); });
}

}  // namespace omniq::ui
