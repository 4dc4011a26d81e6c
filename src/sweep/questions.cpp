#include "sweep/questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

#include "base/errors.hpp"
#include "comm/agree.hpp"
#include "golden/golden.hpp"
#include "golden/review.hpp"
#include "storage/file_or_object.hpp"
#include "storage/read.hpp"
#include "storage/url.hpp"
#include "sweep/judging.hpp"

namespace dream::sweep {
namespace {

constexpr std::size_t questions_in_message = 64;

/// Nothing without a review. One that the config names must be there; on S3, where who may not list is told
/// "forbidden" of what is not there, only such a one is looked for.
std::optional<golden::Review> read_review(const config::Golden& golden, const std::string& place,
                                          storage::Service* s3, const Pulse& pulse) {
  if (golden.review.empty() && storage::is_url(place)) return std::nullopt;
  const auto bytes = storage::read_if_there(place, s3, pulse);
  if (bytes) return golden::parse_review(*bytes, place);
  if (!golden.review.empty()) throw CorpusError(place, 0, "not there; golden.review names it");
  return std::nullopt;
}

std::vector<GoldenQuestion> read_file_or_object(const std::string& place, storage::Service* s3,
                                                const Pulse& pulse) {
  if (!storage::is_url(place)) return golden::load(place);
  return golden::parse(storage::read_object(*s3, storage::parse_url(place), pulse), place);
}

Questions read_questions(const config::Golden& golden, storage::Service* s3, const Pulse& pulse) {
  Questions questions{read_file_or_object(golden.file, s3, pulse), 0};
  const auto place = golden.review.empty() ? golden::review_beside(golden.file).string() : golden.review;
  if (const auto review = read_review(golden, place, s3, pulse)) {
    const auto all = std::ssize(questions.list);
    questions.list = golden::without_rejected(std::move(questions.list), *review, place);
    questions.rejected = all - std::ssize(questions.list);
  }
  if (golden.size > 0 && golden.size < std::ssize(questions.list))
    questions.list.resize(static_cast<std::size_t>(golden.size));
  return questions;
}

}  // namespace

Questions load_questions(comm::Communicator& comm, const config::Golden& golden, storage::Service* s3,
                         const Pulse& pulse) {
  Questions questions;
  comm::agree(comm, [&] {
    if (comm.rank() == 0) questions = read_questions(golden, s3, pulse);
  });
  std::int64_t counts[] = {std::ssize(questions.list), questions.rejected};
  comm.broadcast(std::span<std::int64_t>(counts), 0);
  questions.rejected = counts[1];
  for (std::size_t begin = 0; begin < static_cast<std::size_t>(counts[0]); begin += questions_in_message) {
    Bytes message;
    if (comm.rank() == 0) {
      const std::span all(questions.list);
      message = golden::pack(all.subspan(begin, std::min(questions_in_message, all.size() - begin)));
    }
    comm.broadcast(message, 0);
    if (comm.rank() != 0) golden::unpack(message, questions.list);
  }
  return questions;
}

void check_sources(comm::Communicator& comm, const config::Golden& golden,
                   const std::vector<GoldenQuestion>& questions, const Inputs& inputs) {
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    std::vector<std::string> names;
    for (const auto& document : inputs.documents)
      names.insert(names.end(), document.names.begin(), document.names.end());
    const auto problems = golden::validate(questions, names);
    if (!problems.empty()) throw golden::GoldenError(golden.file, problems);
  });
}

std::vector<Digest> digests_of(const std::vector<GoldenQuestion>& questions) {
  std::vector<Digest> digests;
  for (const auto& question : questions) digests.push_back(golden::digest_of(std::span(&question, 1)));
  return digests;
}

std::vector<std::string> warnings_of(const config::Config& config,
                                     const std::vector<GoldenQuestion>& questions) {
  constexpr std::size_t most = 10;
  std::vector<std::string> warnings;
  if (const auto itself = judge_of_itself(config); !itself.empty()) {
    warnings.push_back(fmt::format(
        "\"{}\" answers and is the judge, too; its trials may have a lead that they did not earn", itself));
  }
  const auto problems = golden::duplicates(questions);
  for (std::size_t i = 0; i < std::min(most, problems.size()); ++i)
    warnings.push_back(config.golden.file + ": " + problems[i].text());
  if (problems.size() > most)
    warnings.push_back(
        fmt::format("{}: {} more rows say the same as others", config.golden.file, problems.size() - most));
  return warnings;
}

}  // namespace dream::sweep
