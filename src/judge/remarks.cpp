#include "judge/remarks.hpp"

#include <fmt/format.h>

namespace dream::judge {
namespace {

std::vector<Remark> voted(const char* metric, std::span<const Reading> samples) {
  Noise ignored;
  std::vector<Remark> remarks;
  for (auto& [statement, verdict, reason] : vote(samples, ignored).value)
    remarks.push_back({metric, std::move(statement), verdict, std::move(reason)});
  return remarks;
}

}  // namespace

std::vector<Remark> remarks_of(const Query& query, std::span<const Reading> samples) {
  switch (query.step) {
    case Step::statements:
      return {};
    case Step::support:
      return voted("faithfulness", samples);
    case Step::attribution:
      return voted("context_recall", samples);
    case Step::classification:
      return voted("answer_correctness", samples);
    case Step::usefulness: {
      auto remarks = voted("context_precision", samples);
      for (auto& remark : remarks) remark.statement = fmt::format("context {}", query.slot + 1);
      return remarks;
    }
    case Step::question: {
      const auto& one = samples.front();
      if (!one.reason.empty()) return {};
      return {{"answer_relevancy", one.made_up.question, one.made_up.noncommittal, ""}};
    }
  }
  return {};
}

}  // namespace dream::judge
