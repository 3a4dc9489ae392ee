#include <fstream>

#include "core/base/files.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/models/readers/series_reader.h"

namespace omniq::ui {

class MetricsFollowerTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::filesystem::path file() const { return folder_ / "metrics.jsonl"; }
  MetricsFollower follower_{to_qt(folder_.path().string())};
  bool more_ = false;

  void append(const std::string& text) { std::ofstream(file(), std::ios::app) << text; }

 private Q_SLOTS:
  void init() {
    std::filesystem::remove(file());
    follower_ = MetricsFollower(to_qt(folder_.path().string()));
  }

  void a_missing_file_has_no_rows() {
    QCOMPARE(follower_.read(more_).rows.size(), 0);
    QVERIFY(!more_);
  }

  void reads_only_what_was_appended() {
    append(test::fake_metrics({}, 3));
    QCOMPARE(follower_.read(more_).rows.size(), 3);
    QCOMPARE(follower_.read(more_).rows.size(), 0);
    const std::string five = test::fake_metrics({}, 5);
    append(five.substr(test::fake_metrics({}, 3).size()));
    const SeriesNews news = follower_.read(more_);
    QVERIFY(!news.from_start);
    QCOMPARE(news.rows.size(), 2);
    QCOMPARE(news.rows.front().step, 4);
  }

  void a_torn_last_line_waits_for_its_end() {
    const std::string text = test::fake_metrics({}, 2);
    append(text.substr(0, text.size() - 10));
    SeriesNews news = follower_.read(more_);
    QCOMPARE(news.rows.size(), 1);
    QCOMPARE(news.damaged, 0);
    append(text.substr(text.size() - 10));
    news = follower_.read(more_);
    QCOMPARE(news.rows.size(), 1);
    QCOMPARE(news.rows.front().step, 2);
  }

  void a_damaged_line_is_counted_and_passed_over() {
    append("{\"step\": 1, \"epo\n" + test::fake_metrics({}, 1));
    const SeriesNews news = follower_.read(more_);
    QCOMPARE(news.rows.size(), 1);
    QCOMPARE(news.damaged, 1);
  }

  void a_replaced_file_is_read_again() {
    append(test::fake_metrics({}, 9));
    follower_.read(more_);
    QVERIFY(write_file_atomic(file(), test::fake_metrics({}, 4)));
    SeriesNews news = follower_.read(more_);
    QVERIFY(news.from_start);
    QCOMPARE(news.rows.size(), 4);
    // Longer than before, but another file all the same.
    QVERIFY(write_file_atomic(file(), test::fake_metrics({}, 30)));
    news = follower_.read(more_);
    QVERIFY(news.from_start);
    QCOMPARE(news.rows.size(), 31);
  }

  void a_truncated_file_is_read_again() {
    append(test::fake_metrics({}, 9));
    follower_.read(more_);
    std::filesystem::resize_file(file(), test::fake_metrics({}, 2).size());
    const SeriesNews news = follower_.read(more_);
    QVERIFY(news.from_start);
    QCOMPARE(news.rows.size(), 2);
  }

  void a_long_file_comes_in_parts() {
    append(test::fake_metrics({}, 9000));
    qsizetype rows = 0;
    int reads = 0;
    do {
      rows += follower_.read(more_).rows.size();
      ++reads;
    } while (more_);
    QVERIFY(reads > 1);
    QCOMPARE(rows, 9000 + 450);
  }
};

OMNIQ_UI_TEST(MetricsFollowerTest, metrics_follower_test);

}  // namespace omniq::ui

#include "metrics_follower_test.moc"
