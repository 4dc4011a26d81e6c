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

void save_remarks(state::H5Writer& file, const std::string& name,
                  std::span<const std::vector<Remark>> by_answer) {
  std::vector<std::int64_t> counts, verdicts;
  std::vector<std::string> metrics, statements, reasons;
  for (const auto& remarks : by_answer) {
    counts.push_back(std::ssize(remarks));
    for (const auto& remark : remarks) {
      metrics.push_back(remark.metric);
      statements.push_back(remark.statement);
      verdicts.push_back(remark.verdict);
      reasons.push_back(remark.reason);
    }
  }
  if (metrics.empty()) return;
  file.write(name + "/count", counts);
  file.write_strings(name + "/metric", metrics);
  file.write_strings(name + "/statement", statements);
  file.write(name + "/verdict", verdicts);
  file.write_strings(name + "/reason", reasons);
}

std::vector<std::vector<Remark>> load_remarks(const state::H5Reader& file, const std::string& name,
                                              std::size_t answers) {
  std::vector<std::vector<Remark>> by_answer(answers);
  if (!file.has(name + "/count")) return by_answer;
  const auto counts = file.read<std::int64_t>(name + "/count");
  auto metrics = file.read_strings(name + "/metric");
  auto statements = file.read_strings(name + "/statement");
  const auto verdicts = file.read<std::int64_t>(name + "/verdict");
  auto reasons = file.read_strings(name + "/reason");
  std::size_t at = 0;
  for (std::size_t i = 0; i < answers; ++i) {
    for (auto left = counts.at(i); left > 0; --left, ++at)
      by_answer[i].push_back({std::move(metrics.at(at)), std::move(statements.at(at)), verdicts.at(at),
                              std::move(reasons.at(at))});
  }
  return by_answer;
}

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
  std::vector<std::vector<Remark>> remarks;
  for (const auto& result : slice.results) remarks.push_back(result.remarks);
  save_remarks(file, "remark", remarks);
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
  auto remarks = load_remarks(file, "remark", slice.results.size());
  for (std::size_t q = 0; q < remarks.size(); ++q) slice.results[q].remarks = std::move(remarks[q]);
  return slice;
}

}  // namespace dream::parts
