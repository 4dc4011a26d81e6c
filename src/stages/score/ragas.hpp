#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/score/judge.hpp"

/// The rules of ragas: from what a judge said of an answer to the six scores. Pure functions; who the judge
/// is and how it was asked is known to the module `judge` alone. docs/metrics.md gives every formula and
/// every case without a value.
namespace dream::score {

/// Whose formulas: the collections classes of ragas 0.4.3, its older classes, or ragas 0.1.7.
enum class Rules { ragas_0_4, ragas_0_4_legacy, ragas_0_1 };

struct RuleSet {
  Rules rules = Rules::ragas_0_4;
  /// true: verdicts count as 0 or 1, and where the peer's number says nothing about the answer there is a
  /// reason instead. false: the peer's number, whatever it is worth.
  bool strict = true;
};

/// "ragas-0.4" | "ragas-0.4-legacy" | "ragas-0.1", in this order; the first is the default.
[[nodiscard]] const std::vector<std::string>& rule_names();
[[nodiscard]] Rules rules_of(std::string_view name);

/// Questions that a judge makes up for one answer.
inline constexpr int relevancy_samples = 3;

/// What the judge said to one request, or the reason why that cannot be used.
template <class T>
struct Said {
  T value{};
  std::string reason;
};

/// The judge's verdict on one statement; anything but 0 is a yes.
struct Verdict {
  std::string statement;
  std::int64_t verdict = 0;
  std::string reason{};  ///< the judge's own words, which no score depends on
};
using Verdicts = std::vector<Verdict>;
using Statements = std::vector<std::string>;

/// The question that an answer would answer.
struct MadeUp {
  std::string question;
  std::int64_t noncommittal = 0;  ///< not 0: the answer evades
};

/// Statements that answer and reference share, that only the answer has, that only the reference has.
struct Classes {
  std::int64_t true_positives = 0;
  std::int64_t false_positives = 0;
  std::int64_t false_negatives = 0;
};

/// All that a judge said of one answer. What the rules do not ask for stays empty.
struct Testimony {
  Said<Statements> answer;     ///< statements of the answer
  Said<Statements> reference;  ///< statements of the reference
  Said<Verdicts> support;      ///< do the contexts support the answer's statements?
  std::vector<Said<MadeUp>> made_up;
  std::vector<Said<std::int64_t>> useful;  ///< is the context useful? In rank order.
  Said<Verdicts> attribution;              ///< do the contexts support the reference's statements?
  Said<Classes> classes;
};

/// What a metric lacks before anybody is asked: "" or a reason ("empty_answer", "no_reference",
/// "no_context"). The rest of the six may have values all the same.
[[nodiscard]] std::string lacks(const RuleSet& rules, std::string_view metric, const JudgeInput& input);

/// Whether the answer's statements go to the judge a second time, with the contexts.
[[nodiscard]] bool asks_support(const RuleSet& rules, const JudgeInput& input, const Testimony& said);

/// Whether both lists of statements go to the judge, to be compared. Never for ragas 0.1, which compares
/// texts.
[[nodiscard]] bool asks_classes(const RuleSet& rules, const JudgeInput& input, const Testimony& said);

/// The texts whose cosine the rules need.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> pairs(const RuleSet& rules,
                                                                               const JudgeInput& input,
                                                                               const Testimony& said);

/// The six scores. Reasons: those of lacks() and of what the judge said; "no_statements", "no_verdicts",
/// "no_question", "no_embedder", "no_vector".
[[nodiscard]] Scores scores(const RuleSet& rules, const JudgeInput& input, const Testimony& said,
                            const Similarity& similarity);

}  // namespace dream::score
