// Tokens a second on one core, by Qwen's tokenizer or another one.
//
//   omniq_text_benchmark [TOKENIZER] [--benchmark_…]      ../shared/data/qwen/qwen.tiktoken by default
#include <benchmark/benchmark.h>

#include <iostream>
#include <random>

#include "core/base/files.h"
#include "core/text/tokenizer.h"

namespace {

using omniq::text::TokenId;
using omniq::text::Tokenizer;

/// The project's own documents and sources, by the line.
std::vector<std::string> project_lines() {
  std::vector<std::string> lines;
  for (const char* name :
       {"README.md", "docs/development.md", "docs/performance.md", "docs/studio.md",
        "docs/videos.md", "core/text/pretokenizer.cpp", "core/text/tokenizer.cpp"}) {
    const auto content = omniq::read_file(std::filesystem::path(OMNIQ_SOURCE) / name);
    if (!content) continue;
    for (std::size_t at = 0; at < content->size();) {
      const std::size_t end = std::min(content->find('\n', at), content->size());
      lines.push_back(content->substr(at, end - at));
      at = end + 1;
    }
  }
  return lines;
}

std::vector<std::string> prompts() {
  std::vector<std::string> lines;
  for (const char* name :
       {"apply eye makeup", "yo yo", "punch", "playing guitar", "handstand walking"})
    lines.push_back(std::string("a video of ") + name);
  return lines;
}

/// More words than the cache holds, hardly one of them twice, of letters from `first` on.
std::vector<std::string> random_words(char32_t first, int letters) {
  std::mt19937 random(1);
  std::vector<std::string> lines(20000);
  for (std::string& line : lines) {
    for (int i = 0; i < 60; ++i) {
      if (random() % 7 == 0) {
        line += ' ';
        continue;
      }
      const char32_t c = first + random() % letters;
      if (c < 0x80) {
        line += static_cast<char>(c);
      } else {
        line += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)),
                 static_cast<char>(0x80 | (c & 0x3f))};
      }
    }
  }
  return lines;
}

void encode(benchmark::State& state, const Tokenizer& tokenizer,
            const std::vector<std::string>& lines) {
  std::int64_t tokens = 0, bytes = 0;
  for ([[maybe_unused]] auto once : state) {
    for (const std::string& line : lines) {
      tokens += static_cast<std::int64_t>(tokenizer.encode(line).size());
      bytes += static_cast<std::int64_t>(line.size());
    }
  }
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsRate);
  state.SetBytesProcessed(bytes);
}

void decode(benchmark::State& state, const Tokenizer& tokenizer,
            const std::vector<std::string>& lines) {
  std::vector<std::vector<TokenId>> all;
  for (const std::string& line : lines) all.push_back(tokenizer.encode(line));
  std::int64_t tokens = 0;
  for ([[maybe_unused]] auto once : state) {
    for (const auto& ids : all) {
      benchmark::DoNotOptimize(tokenizer.decode(ids));
      tokens += static_cast<std::int64_t>(ids.size());
    }
  }
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsRate);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const std::string path = argc > 1 ? argv[1] : OMNIQ_SOURCE "/../shared/data/qwen/qwen.tiktoken";
  const auto opened = Tokenizer::open(path);
  if (!opened) {
    std::cerr << opened.error().text() << "\n";
    return 1;
  }
  const Tokenizer& tokenizer = *opened;
  using Lines = std::vector<std::string>;
  const std::pair<const char*, Lines> texts[] = {{"project", project_lines()},
                                                 {"prompts", prompts()},
                                                 {"random_latin", random_words('a', 26)},
                                                 {"random_chinese", random_words(0x4e00, 3000)},
                                                 {"random_korean", random_words(0xac00, 11000)}};
  for (const auto& [name, lines] : texts) {
    benchmark::RegisterBenchmark((std::string("encode/") + name).c_str(),
                                 [&](benchmark::State& state) { encode(state, tokenizer, lines); });
  }
  benchmark::RegisterBenchmark("decode/project", [&](benchmark::State& state) {
    decode(state, tokenizer, texts[0].second);
  });
  benchmark::RegisterBenchmark("open", [&](benchmark::State& state) {
    for ([[maybe_unused]] auto once : state) benchmark::DoNotOptimize(Tokenizer::open(path));
  })->Unit(benchmark::kMillisecond);
  benchmark::RunSpecifiedBenchmarks();
}
