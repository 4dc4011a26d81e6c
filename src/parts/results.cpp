#include "parts/results.hpp"

#include <limits>

namespace dream::parts {

namespace {

bool has_noise(const SliceResults& slice) {
  return !slice.results.empty() && !slice.results.front().noise.empty();
}

void save_noise(state::H5Writer& file, const SliceResults& slice) {
  std::vector<std::int64_t> votes;
  std::vector<double> spread;
  for (const auto& result : slice.results) {
    for (const auto& noise : result.noise) {
      votes.insert(votes.end(), {noise.votes, noise.flips});
      spread.push_back(noise.spread);
    }
  }
  const auto values = std::ssize(spread);
  file.write_matrix("judge_votes", MatrixView<const std::int64_t>{votes.data(), values, 2});
  file.write("judge_spread", std::span<const double>(spread));
}

void load_noise(const state::H5Reader& file, SliceResults& slice) {
  const auto votes = file.read_matrix<std::int64_t>("judge_votes").values;
  const auto spread = file.read<double>("judge_spread");
  std::size_t at = 0;
  for (auto& result : slice.results) {
    for (std::size_t m = 0; m < slice.metrics.size(); ++m, ++at) {
      result.noise.push_back({votes[2 * at], votes[2 * at + 1], spread[at]});
    }
  }
}

}  // namespace

void save(state::H5Writer& file, const SliceResults& slice) {
  std::vector<std::string> answers, answer_reasons, score_reasons;
  std::vector<std::int64_t> tokens;
  std::vector<std::uint8_t> flagged;
  std::vector<double> values;
  for (const auto& result : slice.results) {
    answers.push_back(result.answer.text);
    answer_reasons.push_back(result.answer.reason);
    tokens.insert(tokens.end(), {result.answer.input_tokens, result.answer.output_tokens});
    flagged.push_back(result.flagged ? 1 : 0);
    for (const auto& score : result.scores) {
      values.push_back(score.has_value() ? score.value : std::numeric_limits<double>::quiet_NaN());
      score_reasons.push_back(score.reason);
    }
  }
  const auto rows = std::ssize(slice.results);
  file.write_strings("metric", slice.metrics);
  file.write_strings("answer", answers);
  file.write_strings("answer_reason", answer_reasons);
  file.write_matrix("tokens", MatrixView<const std::int64_t>{tokens.data(), rows, 2});
  file.write("flagged", std::span<const std::uint8_t>(flagged));
  file.write_matrix("score", MatrixView<const double>{values.data(), rows, std::ssize(slice.metrics)});
  file.write_strings("score_reason", score_reasons);
  if (has_noise(slice)) save_noise(file, slice);
}

SliceResults load_results(const state::H5Reader& file) {
  SliceResults slice;
  slice.metrics = file.read_strings("metric");
  auto answers = file.read_strings("answer");
  auto answer_reasons = file.read_strings("answer_reason");
  const auto tokens = file.read_matrix<std::int64_t>("tokens").values;
  const auto flagged = file.read<std::uint8_t>("flagged");
  const auto values = file.read_matrix<double>("score").values;
  auto score_reasons = file.read_strings("score_reason");
  for (std::size_t q = 0; q < answers.size(); ++q) {
    Result result;
    result.answer = {std::move(answers[q]), std::move(answer_reasons[q]), tokens[2 * q], tokens[2 * q + 1]};
    result.flagged = flagged[q] != 0;
    for (std::size_t m = 0; m < slice.metrics.size(); ++m) {
      const auto at = q * slice.metrics.size() + m;
      auto& reason = score_reasons[at];
      result.scores.push_back(reason.empty() ? Score{values[at], ""} : Score{0, std::move(reason)});
    }
    slice.results.push_back(std::move(result));
  }
  if (file.has("judge_votes")) load_noise(file, slice);
  return slice;
}

}  // namespace dream::parts
