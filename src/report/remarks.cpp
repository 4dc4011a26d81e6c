#include "report/remarks.hpp"

namespace dream::report {
namespace {

// judge::Class, which this module does not know.
constexpr std::int64_t only_reference = 0;
constexpr std::int64_t shared = 1;

}  // namespace

std::string in_words(const Remark& remark) {
  const bool yes = remark.verdict != 0;
  if (remark.metric == "answer_correctness") {
    if (remark.verdict == shared) return "in answer and reference";
    return remark.verdict == only_reference ? "missing from the answer" : "only in the answer";
  }
  if (remark.metric == "faithfulness") return yes ? "supported" : "not supported";
  if (remark.metric == "context_recall") return yes ? "in the contexts" : "not in the contexts";
  if (remark.metric == "context_precision") return yes ? "useful" : "not useful";
  if (remark.metric == "answer_relevancy") return yes ? "evades the question" : "answers it";
  return yes ? "yes" : "no";
}

bool is_good(const Remark& remark) {
  if (remark.metric == "answer_correctness") return remark.verdict == shared;
  if (remark.metric == "answer_relevancy") return remark.verdict == 0;
  return remark.verdict != 0;
}

}  // namespace dream::report
