#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include "base/errors.hpp"
#include "lexical/sentences.hpp"
#include "lexical/words.hpp"
#include "stages/score/judge.hpp"
#include "stages/score/metrics.hpp"

namespace dream::score {
namespace {

using Terms = std::set<std::string>;

constexpr std::int64_t rules_version = 1;
// Answers that say nothing, as folded words with a space at both ends.
constexpr const char* evasions[] = {
    " i dont know ",
    " i do not know ",
    " dont have enough information ",
    " do not have enough information ",
    " not enough information ",
    " i cannot answer ",
    " i cant answer ",
    " unable to answer ",
    " cannot be determined ",
    " i am not sure ",
    " im not sure ",
    " not mentioned in the ",
    " not provided in the ",
    " not specified in the ",
    " context does not ",
    " context doesnt ",
    " contexts do not ",
    " text does not mention ",
    " no information about ",
    " provides no information ",
    " does not provide information ",
    " does not contain information ",
};

/// A sentence as the judge sees it: its words without stop words, or all of them when it has no others.
struct Statement {
  Terms terms;
  Terms numbers;  ///< terms with a digit: a wrong number is a wrong statement, however much else agrees
};

std::vector<Statement> statements_of(std::string_view text, lexical::Stemmer& stemmer) {
  std::vector<Statement> out;
  for (const auto sentence : lexical::sentences(text)) {
    Statement statement;
    Terms all;
    for (const auto& word : lexical::words(sentence)) {
      const auto stem = stemmer.stem(word);
      all.insert(stem);
      if (!lexical::is_stop_word(word)) statement.terms.insert(stem);
      if (lexical::has_digit(word)) statement.numbers.insert(stem);
    }
    if (statement.terms.empty()) statement.terms = std::move(all);
    if (!statement.terms.empty()) out.push_back(std::move(statement));
  }
  return out;
}

Terms terms_of(std::string_view text, lexical::Stemmer& stemmer) {
  auto stems = stemmer.stems(text);
  return {std::make_move_iterator(stems.begin()), std::make_move_iterator(stems.end())};
}

bool contains(const Terms& all, const Terms& part) {
  return std::includes(all.begin(), all.end(), part.begin(), part.end());
}

bool is_blank(std::string_view text) { return lexical::sentences(text).empty(); }

Score missing(std::string reason) { return {0, std::move(reason)}; }

Score share(std::int64_t part, std::size_t all) {
  return {static_cast<double>(part) / static_cast<double>(all), ""};
}

/// One input, taken apart once for all metrics.
class Case {
 public:
  Case(const JudgeInput& input, const Similarity& similarity, double threshold)
      : input_(input), similarity_(similarity), threshold_(threshold) {
    answer_ = statements_of(input.answer, stemmer_);
    reference_ = statements_of(input.reference, stemmer_);
    for (const auto& context : input.contexts) {
      contexts_.push_back(terms_of(context, stemmer_));
      union_.insert(contexts_.back().begin(), contexts_.back().end());
    }
  }

  [[nodiscard]] Scores scores() {
    const auto similarity = answer_similarity();
    return {
        {"faithfulness", faithfulness()},           {"answer_relevancy", answer_relevancy()},
        {"context_precision", context_precision()}, {"context_recall", context_recall()},
        {"answer_similarity", similarity},          {"answer_correctness", answer_correctness(similarity)}};
  }

 private:
  [[nodiscard]] bool supports(const Terms& evidence, const Statement& statement) const {
    if (!contains(evidence, statement.numbers)) return false;
    const auto shared = std::count_if(statement.terms.begin(), statement.terms.end(),
                                      [&evidence](const auto& term) { return evidence.count(term) != 0; });
    return static_cast<double>(shared) >= threshold_ * static_cast<double>(statement.terms.size());
  }

  [[nodiscard]] std::int64_t supported(const std::vector<Statement>& statements,
                                       const Terms& evidence) const {
    return std::count_if(statements.begin(), statements.end(),
                         [&](const Statement& statement) { return supports(evidence, statement); });
  }

  [[nodiscard]] bool no_context() const { return union_.empty(); }

  /// The reason why the answer and the reference cannot be compared, or "".
  [[nodiscard]] std::string incomparable() const {
    if (is_blank(input_.answer)) return "empty_answer";
    return is_blank(input_.reference) ? "no_reference" : "";
  }

  [[nodiscard]] Score faithfulness() const {
    if (is_blank(input_.answer)) return missing("empty_answer");
    if (no_context()) return missing("no_context");
    if (answer_.empty()) return missing("no_statements");
    return share(supported(answer_, union_), answer_.size());
  }

  [[nodiscard]] Score answer_relevancy() const {
    if (is_blank(input_.answer)) return missing("empty_answer");
    if (is_evasive(input_.answer)) return {0, ""};
    if (!similarity_) return missing("no_embedder");
    return {similarity_(input_.question, input_.answer), ""};
  }

  [[nodiscard]] Score context_precision() const {
    if (const auto reason = unjudgeable_context(); !reason.empty()) return missing(reason);
    const auto verdicts = std::make_unique<bool[]>(contexts_.size());
    for (std::size_t i = 0; i < contexts_.size(); ++i) verdicts[i] = supported(reference_, contexts_[i]) > 0;
    return {average_precision({verdicts.get(), contexts_.size()}), ""};
  }

  [[nodiscard]] Score context_recall() const {
    if (const auto reason = unjudgeable_context(); !reason.empty()) return missing(reason);
    return share(supported(reference_, union_), reference_.size());
  }

  [[nodiscard]] std::string unjudgeable_context() const {
    if (is_blank(input_.reference)) return "no_reference";
    if (no_context()) return "no_context";
    return reference_.empty() ? "no_statements" : "";
  }

  [[nodiscard]] Score answer_similarity() const {
    if (auto reason = incomparable(); !reason.empty()) return missing(reason);
    if (!similarity_) return missing("no_embedder");
    return {similarity_(input_.reference, input_.answer), ""};
  }

  /// A statement of the answer is right when the reference supports it, or when it says all that some
  /// statement of the reference says: references are often shorter than a sentence ("308").
  [[nodiscard]] Score answer_correctness(const Score& similarity) {
    if (auto reason = incomparable(); !reason.empty()) return missing(reason);
    if (answer_.empty() || reference_.empty()) return missing("no_statements");
    if (!similarity.has_value()) return missing(similarity.reason);
    const auto reference = terms_of(input_.reference, stemmer_);
    const auto answer = terms_of(input_.answer, stemmer_);
    std::vector<Terms> sentences;
    for (const auto sentence : lexical::sentences(input_.answer)) {
      auto terms = terms_of(sentence, stemmer_);
      if (!terms.empty()) sentences.push_back(std::move(terms));
    }
    double right = 0;
    for (std::size_t i = 0; i < answer_.size(); ++i) {
      right += supports(reference, answer_[i]) || supported(reference_, sentences[i]) > 0;
    }
    const auto wrong = static_cast<double>(answer_.size()) - right;
    const auto left_out =
        static_cast<double>(static_cast<std::int64_t>(reference_.size()) - supported(reference_, answer));
    return {correctness(f_measure(right, wrong, left_out), similarity.value), ""};
  }

  const JudgeInput& input_;
  const Similarity& similarity_;
  double threshold_;
  lexical::Stemmer stemmer_;
  std::vector<Statement> answer_;
  std::vector<Statement> reference_;
  std::vector<Terms> contexts_;
  Terms union_;
};

class OverlapJudge final : public Judge {
 public:
  explicit OverlapJudge(const Params& params) : params_(params), threshold_(params.get<double>("threshold")) {
    DREAM_CHECK(threshold_ > 0 && threshold_ <= 1, "the threshold of the overlap judge is a share");
  }

  [[nodiscard]] Digest identity() const override {
    return Hasher("judge/overlap").add(rules_version).add(params_.canonical()).finish();
  }

  [[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> pairs(
      const JudgeInput& input) const override {
    std::vector<std::pair<std::string_view, std::string_view>> out;
    if (is_blank(input.answer)) return out;
    if (!is_evasive(input.answer)) out.emplace_back(input.question, input.answer);
    if (!is_blank(input.reference)) out.emplace_back(input.reference, input.answer);
    return out;
  }

  [[nodiscard]] std::vector<Scores> judge(std::span<const JudgeInput> inputs, const Similarity& similarity,
                                          const Pulse& pulse) const override {
    std::vector<Scores> out;
    for (const auto& input : inputs) {
      pulse();
      out.push_back(Case(input, similarity, threshold_).scores());
    }
    return out;
  }

 private:
  Params params_;
  double threshold_;
};

}  // namespace

bool is_evasive(std::string_view answer) {
  std::string folded = " ";
  for (const auto& word : lexical::words(answer)) folded += word + " ";
  return std::any_of(std::begin(evasions), std::end(evasions),
                     [&folded](const char* phrase) { return folded.find(phrase) != std::string::npos; });
}

std::unique_ptr<Judge> make_overlap_judge(const Params& params) {
  return std::make_unique<OverlapJudge>(params);
}

const ComponentInfo& overlap_info() {
  static const ComponentInfo info{
      "overlap",
      "judges by shared words; built in, no model, for comparisons within one sweep only",
      {{"threshold", 0.6, "share of a statement's words that its evidence must have", 0.05, 1}}};
  return info;
}

}  // namespace dream::score
