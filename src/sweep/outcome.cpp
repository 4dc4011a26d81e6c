#include "sweep/outcome.hpp"

#include <fmt/format.h>

#include "base/errors.hpp"

namespace dream::sweep {

void check_failed(const std::vector<FailedDocument>& failed, std::int64_t documents, double max_share) {
  if (static_cast<double>(failed.size()) <= max_share * static_cast<double>(documents)) return;
  const auto& first = failed.front();
  throw CorpusError(
      first.name, 0,
      fmt::format("{}: {}; {} of {} documents gave no text, more than sweep.max_failed_documents = {} allows",
                  first.reason, first.detail, failed.size(), documents, max_share));
}

}  // namespace dream::sweep
