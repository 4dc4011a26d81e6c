#include "sweep/hold_out.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/errors.hpp"
#include "stats/random.hpp"

namespace dream::sweep {
namespace {

/// A random place in the line: questions about one document first by that document, then by themselves.
std::pair<Digest, Digest> place_of(const GoldenQuestion& question, const Digest& own, std::int64_t seed) {
  Hasher document("hold-out document");
  document.add(seed);
  if (question.sources.empty())
    document.add(own);
  else
    document.add(question.sources.front());
  Hasher alone("hold-out question");
  alone.add(seed).add(own).add(question.id);
  return {document.finish(), alone.finish()};
}

std::int64_t count_of(std::int64_t questions, double holdout, const std::string& file) {
  if (holdout >= 1 && holdout != std::floor(holdout))
    throw ConfigError(
        fmt::format("golden.holdout = {} is neither a share of the questions, below 1, nor a number of them; "
                    "write {:.0f}",
                    holdout, std::floor(holdout)));
  const auto wanted = holdout < 1 ? holdout * static_cast<double>(questions) : holdout;
  const auto count = std::llround(std::min(wanted, 1e15));
  if (count < 1 || count >= questions)
    throw ConfigError(fmt::format(
        "golden.holdout = {} would keep back {} of the {} questions of {}; leave some on both sides", holdout,
        count, questions, file));
  return count;
}

}  // namespace

std::vector<std::int64_t> held_out(std::span<const GoldenQuestion> questions, std::span<const Digest> digests,
                                   double holdout, std::int64_t seed, const std::string& file) {
  if (holdout == 0) return {};
  const auto all = std::ssize(questions);
  const auto count = count_of(all, holdout, file);
  std::vector<std::pair<std::pair<Digest, Digest>, std::int64_t>> line;
  for (std::size_t q = 0; q < questions.size(); ++q)
    line.emplace_back(place_of(questions[q], digests[q], seed), static_cast<std::int64_t>(q));
  std::ranges::sort(line);
  // Whole numbers, so that every machine takes the same: the start is somewhere within the first step.
  const auto start =
      stats::Random(static_cast<std::uint64_t>(seed), 0).below(static_cast<std::uint32_t>(all));
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < count; ++i)
    places.push_back(line[static_cast<std::size_t>((i * all + start) / count)].second);
  std::ranges::sort(places);
  return places;
}

std::vector<int> finalists(const Plan& plan, const stats::Verdict& verdict, std::int64_t most) {
  if (verdict.winner < 0) return {};
  std::vector<int> places{verdict.winner};
  places.insert(places.end(), verdict.ties.begin(), verdict.ties.end());
  places.resize(std::min(places.size(), static_cast<std::size_t>(most)));
  std::vector<int> numbers;
  for (const int at : places) numbers.push_back(plan.trials[static_cast<std::size_t>(at)].number);
  return numbers;
}

}  // namespace dream::sweep
