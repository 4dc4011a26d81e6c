#include "stages/score/retrieval.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "base/errors.hpp"

namespace dream::score {
namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

/// What a gain at 1-based rank is worth.
double discount(std::size_t rank) { return 1.0 / std::log2(static_cast<double>(rank) + 1.0); }

std::vector<Span> spans_in(std::span<const ContextPlace> contexts, const Digest& document) {
  std::vector<Span> out;
  for (const auto& context : contexts) {
    if (context.document == document) out.insert(out.end(), context.spans.begin(), context.spans.end());
  }
  return out;
}

/// 1-based rank of the first context that is relevant for any place of the item.
std::size_t rank_of(const GoldItem& item, std::span<const ContextPlace> contexts) {
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    const bool relevant = std::any_of(item.places.begin(), item.places.end(),
                                      [&](const GoldSpan& place) { return is_relevant(contexts[i], place); });
    if (relevant) return i + 1;
  }
  return never;
}

/// Share of the item that all contexts together cover, at the place where it is largest, and the bytes there.
struct Coverage {
  double share = -1;
  double bytes = 0;
};

Coverage coverage_of(const GoldItem& item, std::span<const ContextPlace> contexts) {
  Coverage best;
  for (const auto& place : item.places) {
    const auto spans = spans_in(contexts, place.document);
    const auto bytes = static_cast<double>(place.span.size());
    double share = spans.empty() ? 0.0 : 1.0;
    if (!place.whole_document)
      share = bytes > 0 ? static_cast<double>(covered_bytes(spans, place.span)) / bytes : 0.0;
    if (share > best.share) best = {share, bytes};
  }
  return best;
}

double recall_of(std::span<const ContextPlace> contexts, std::span<const GoldItem> gold) {
  const bool whole = std::any_of(gold.begin(), gold.end(),
                                 [](const GoldItem& item) { return item.places[0].whole_document; });
  double covered = 0;
  double all = 0;
  for (const auto& item : gold) {
    const auto coverage = coverage_of(item, contexts);
    // A document's bytes say nothing about how much of it is evidence: with one among the items, all weigh
    // the same.
    const double weight = whole ? 1.0 : coverage.bytes;
    covered += weight * coverage.share;
    all += weight;
  }
  return all > 0 ? covered / all : 0;
}

/// Where an item was found, and what it is worth.
struct Found {
  std::size_t rank = never;
  double grade = 1;
};

/// found: by rank, the better grade first. An item counts at its rank, but the j-th item not before rank j: a
/// context that holds several items is worth as much as one context for each, and the sum never passes the
/// ideal.
double ndcg_of(std::span<const Found> found, std::size_t contexts) {
  std::vector<double> grades;
  for (const auto& item : found) grades.push_back(item.grade);
  std::sort(grades.begin(), grades.end(), std::greater<>());
  double gain = 0;
  double ideal = 0;
  for (std::size_t j = 1; j <= std::min(found.size(), contexts); ++j) {
    ideal += grades[j - 1] * discount(j);
    const auto& [rank, grade] = found[j - 1];
    if (rank != never) gain += grade * discount(std::max(j, rank));
  }
  return ideal > 0 ? gain / ideal : 0;
}

}  // namespace

std::int64_t covered_bytes(std::vector<Span> spans, Span window) {
  std::sort(spans.begin(), spans.end());
  std::int64_t covered = 0;
  auto done = window.begin;
  for (const auto& span : spans) {
    const auto begin = std::max(span.begin, done);
    const auto end = std::min(span.end, window.end);
    if (end <= begin) continue;
    covered += end - begin;
    done = end;
  }
  return covered;
}

bool is_relevant(const ContextPlace& context, const GoldSpan& gold) {
  if (context.document != gold.document) return false;
  if (gold.whole_document) return true;
  constexpr Span everywhere{0, std::numeric_limits<std::int64_t>::max()};
  const auto shared = covered_bytes(context.spans, gold.span);
  return shared > 0 &&
         (2 * shared >= gold.span.size() || 2 * shared >= covered_bytes(context.spans, everywhere));
}

Scores retrieval_scores(std::span<const ContextPlace> contexts, std::span<const GoldItem> gold) {
  if (gold.empty()) {
    const Score none{0, "no_gold"};
    return {{"hit_rate", none}, {"recall", none}, {"mrr", none}, {"ndcg", none}};
  }
  std::vector<Found> found;
  for (const auto& item : gold) {
    DREAM_CHECK(!item.places.empty(), "a gold item stands nowhere");
    found.push_back({rank_of(item, contexts), static_cast<double>(item.grade)});
  }
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.grade > b.grade;
  });
  const bool hit = found[0].rank != never;
  return {{"hit_rate", {hit ? 1.0 : 0.0, ""}},
          {"recall", {recall_of(contexts, gold), ""}},
          {"mrr", {hit ? 1.0 / static_cast<double>(found[0].rank) : 0.0, ""}},
          {"ndcg", {ndcg_of(found, contexts.size()), ""}}};
}

double ndcg_at_k(std::span<const std::string> ranked, const std::unordered_map<std::string, int>& grades,
                 int k) {
  DREAM_CHECK(k >= 1, "nDCG needs a cut-off of at least 1");
  const auto cut = static_cast<std::size_t>(k);
  std::vector<int> positive;
  for (const auto& [id, grade] : grades) {
    if (grade > 0) positive.push_back(grade);
  }
  std::sort(positive.begin(), positive.end(), std::greater<>());
  double ideal = 0;
  for (std::size_t i = 0; i < std::min(cut, positive.size()); ++i) ideal += positive[i] * discount(i + 1);
  double gain = 0;
  for (std::size_t i = 0; i < std::min(cut, ranked.size()); ++i) {
    const auto found = grades.find(ranked[i]);
    if (found != grades.end() && found->second > 0) gain += found->second * discount(i + 1);
  }
  return ideal > 0 ? gain / ideal : 0;
}

}  // namespace dream::score
