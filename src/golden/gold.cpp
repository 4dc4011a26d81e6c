#include "golden/gold.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "golden/document_names.hpp"
#include "lexical/letters.hpp"

namespace dream::golden {
namespace {

// Windows of the rolling hash, longest first: a passage uses the longest that it fills. Long windows meet few
// false candidates; single letters are for gold such as "7", where every occurrence is one.
constexpr std::array<std::size_t, 3> window_sizes{32, 8, 1};
constexpr std::uint64_t base = 0x9E3779B97F4A7C15ULL | 1;

std::uint64_t hash_of(std::u32string_view letters) {
  std::uint64_t hash = 0;
  for (const auto letter : letters) hash = hash * base + letter;
  return hash;
}

std::uint64_t power(std::int64_t exponent) {
  std::uint64_t out = 1;
  for (std::uint64_t square = base; exponent > 0; exponent /= 2, square *= square)
    if (exponent % 2 == 1) out *= square;
  return out;
}

std::size_t window_of(std::size_t letters) {
  return *std::ranges::find_if(window_sizes, [letters](std::size_t size) { return letters >= size; });
}

Digest digest_of_letters(std::u32string_view letters) {
  return digest_of(
      std::string_view(reinterpret_cast<const char*>(letters.data()), letters.size() * sizeof(char32_t)));
}

/// Hashes of all beginnings of a text, so that the hash of any piece takes no loop.
class Hashes {
 public:
  explicit Hashes(std::u32string_view letters) : until_(letters.size() + 1, 0) {
    for (std::size_t i = 0; i < letters.size(); ++i) until_[i + 1] = until_[i] * base + letters[i];
  }
  /// leaving: power(size).
  [[nodiscard]] std::uint64_t of(std::size_t begin, std::size_t size, std::uint64_t leaving) const {
    return until_[begin + size] - until_[begin] * leaving;
  }

 private:
  std::vector<std::uint64_t> until_;
};

}  // namespace

Passage passage_of(std::string_view text) {
  const auto letters = lexical::letters_only(text);
  if (letters.empty()) return {};
  const std::u32string_view all(letters);
  return {digest_of_letters(all), hash_of(all), hash_of(all.substr(0, window_of(all.size()))),
          std::ssize(letters)};
}

std::vector<std::vector<Passage>> passages_of(std::span<const GoldenQuestion> questions) {
  std::vector<std::vector<Passage>> all;
  for (const auto& question : questions) {
    auto& own = all.emplace_back();
    for (const auto& context : question.contexts) own.push_back(passage_of(context));
  }
  return all;
}

GoldFinder::GoldFinder(std::span<const std::vector<Passage>> questions) {
  for (const auto size : window_sizes) windows_.push_back({size, {}});
  std::unordered_map<Digest, std::int32_t> numbers;
  for (const auto& question : questions) {
    auto& own = passages_.emplace_back();
    for (const auto& passage : question) {
      if (passage.size == 0) {
        own.push_back(-1);
        continue;
      }
      const auto number = static_cast<std::int32_t>(needles_.size());
      const auto [entry, is_new] = numbers.emplace(passage.letters, number);
      own.push_back(entry->second);
      if (!is_new) continue;
      needles_.push_back({passage, power(passage.size)});
      const auto size = window_of(static_cast<std::size_t>(passage.size));
      std::ranges::find(windows_, size, &Window::size)->by_hash.emplace(passage.head, number);
    }
  }
}

std::vector<GoldHit> GoldFinder::find(const Digest& document, std::string_view text) const {
  const auto letters = lexical::letters_of(text);
  const std::u32string_view all(letters.text);
  const Hashes hashes(all);
  std::vector<bool> found(needles_.size(), false);
  std::vector<GoldHit> hits;
  for (const auto& window : windows_) {
    if (window.by_hash.empty()) continue;
    const auto leaving = power(static_cast<std::int64_t>(window.size));
    for (std::size_t at = 0; at + window.size <= all.size(); ++at) {
      const auto [begin, end] = window.by_hash.equal_range(hashes.of(at, window.size, leaving));
      for (auto candidate = begin; candidate != end; ++candidate) {
        const auto number = static_cast<std::size_t>(candidate->second);
        const auto& [passage, leaves] = needles_[number];
        const auto size = static_cast<std::size_t>(passage.size);
        if (found[number] || at + size > all.size() || hashes.of(at, size, leaves) != passage.hash) continue;
        if (digest_of_letters(all.substr(at, size)) != passage.letters) continue;
        found[number] = true;
        hits.push_back({candidate->second, document, {letters.begin[at], letters.end[at + size - 1]}});
      }
    }
  }
  std::sort(hits.begin(), hits.end());
  return hits;
}

namespace {

class Assembler {
 public:
  Assembler(std::span<const GoldHit> hits, const DocumentNames& names,
            const std::map<Digest, std::int64_t>& sizes)
      : hits_(hits), sizes_(sizes), index_(names_of(names)) {
    for (const auto& [name, document] : names) documents_.push_back(document);
  }

  void add(const GoldenQuestion& question, const std::vector<std::int32_t>& passages, Gold& gold) {
    const auto sources = documents_of(question);
    const auto number = std::ssize(gold.items);
    auto& items = gold.items.emplace_back();
    std::set<std::int32_t> seen;  // a context that the file gives twice is one piece of evidence
    for (std::size_t c = 0; c < passages.size(); ++c) {
      if (passages[c] < 0 || !seen.insert(passages[c]).second) continue;
      auto item = item_of(passages[c], sources);
      if (!item.places.empty()) {
        items.push_back(std::move(item));
        continue;
      }
      ++gold.lost_passages;
      if (gold.lost.size() < most_lost) gold.lost.push_back({number, static_cast<std::int64_t>(c)});
    }
    if (!items.empty()) {
      ++gold.located;
      return;
    }
    for (const auto& [document, grade] : sources)
      items.push_back({{{document, {0, sizes_.at(document)}, true}}, grade});
    ++(items.empty() ? gold.without : gold.by_source);
  }

 private:
  using Grades = std::map<Digest, std::int64_t>;

  static std::vector<std::string_view> names_of(const DocumentNames& names) {
    std::vector<std::string_view> out;
    for (const auto& [name, document] : names) out.push_back(name);
    return out;
  }

  /// By digest, so that the order of a folder does not matter; a document that several sources mean has the
  /// best of their grades.
  Grades documents_of(const GoldenQuestion& question) {
    Grades out;
    for (std::size_t s = 0; s < question.sources.size(); ++s) {
      auto [entry, is_new] = by_source_.try_emplace(question.sources[s]);
      if (is_new) entry->second = find_source(question.sources[s]);
      for (const auto& document : entry->second) {
        auto& grade = out[document];
        grade = std::max(grade, question.grades.empty() ? 1 : question.grades[s]);
      }
    }
    return out;
  }

  /// Those that gave a text.
  [[nodiscard]] std::set<Digest> find_source(const std::string& source) const {
    std::set<Digest> found;
    for (const auto at : index_.find(source)) {
      if (sizes_.count(documents_[at]) != 0) found.insert(documents_[at]);
    }
    return found;
  }

  [[nodiscard]] GoldItem item_of(std::int32_t passage, const Grades& sources) const {
    const auto below = [](const GoldHit& hit, std::int32_t number) { return hit.passage < number; };
    GoldItem all;
    GoldItem own;
    for (auto hit = std::lower_bound(hits_.begin(), hits_.end(), passage, below);
         hit != hits_.end() && hit->passage == passage; ++hit) {
      const GoldSpan place{hit->document, hit->span, false};
      all.places.push_back(place);
      if (sources.count(hit->document) != 0) own.places.push_back(place);
    }
    return own.places.empty() ? all : own;
  }

  std::span<const GoldHit> hits_;
  const std::map<Digest, std::int64_t>& sizes_;
  DocumentIndex index_;
  std::vector<Digest> documents_;                      // by index_'s numbers
  std::map<std::string, std::set<Digest>> by_source_;  // a golden file names few sources many times
};

}  // namespace

Gold assemble(std::span<const GoldenQuestion> questions, const GoldFinder& finder, std::vector<GoldHit> hits,
              const DocumentNames& names, const std::map<Digest, std::int64_t>& sizes) {
  std::sort(hits.begin(), hits.end());
  hits.erase(std::unique(hits.begin(), hits.end()), hits.end());  // one content under two names is read twice
  Assembler assembler(hits, names, sizes);
  Gold gold;
  for (std::size_t q = 0; q < questions.size(); ++q) assembler.add(questions[q], finder.passages()[q], gold);
  return gold;
}

}  // namespace dream::golden
