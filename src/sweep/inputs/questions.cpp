#include "sweep/inputs/questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>

#include "base/errors.hpp"
#include "comm/agree.hpp"
#include "golden/formats.hpp"
#include "golden/golden.hpp"
#include "golden/review.hpp"
#include "storage/file_or_object.hpp"
#include "storage/pieces.hpp"
#include "storage/read.hpp"
#include "storage/url.hpp"
#include "sweep/judging.hpp"
#include "sweep/question_rows.hpp"

namespace dream::sweep {
namespace {

constexpr std::int64_t questions_in_message = 64;

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

/// A CSV that is worth reading together, and who it is.
std::optional<storage::Extent> find_long_csv(comm::Communicator& comm, const std::string& place,
                                             storage::Service* s3, std::int64_t block, const Pulse& pulse) {
  storage::Extent found;
  comm::agree(comm, [&] {
    if (comm.rank() != 0 || (!storage::is_url(place) && !std::filesystem::is_regular_file(place))) return;
    auto extent = storage::find_extent(place, s3, pulse);
    if (extent.bytes <= block || golden::is_beir(place)) return;
    constexpr std::int64_t head = 4096;
    if (golden::is_csv(storage::read_piece(extent, 0, std::min(head, extent.bytes), s3, pulse)))
      found = std::move(extent);
  });
  auto message = Packer().put(found.place).put(found.bytes).put(found.etag).take();
  comm.broadcast(message, 0);
  Unpacker reader(message);
  found.place = reader.get<std::string>();
  found.bytes = reader.get<std::int64_t>();
  found.etag = reader.get<std::string>();
  return found.place.empty() ? std::nullopt : std::optional(found);
}

/// Of any format, by rank 0, who tells the others some questions at a time, so that nobody holds all of them
/// twice.
void read_on_rank_0(comm::Communicator& comm, const std::string& place, storage::Service* s3,
                    const Pulse& pulse, Questions& questions) {
  std::vector<GoldenQuestion> all;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    all = storage::is_url(place)
              ? golden::parse(storage::read_object(*s3, storage::parse_url(place), pulse), place)
              : golden::load(place);
  });
  const auto count = comm.all_reduce(std::ssize(all), comm::Reduce::sum);
  for (std::int64_t begin = 0; begin < count; begin += questions_in_message) {
    Bytes message;
    if (comm.rank() == 0) {
      const auto first = all.begin() + begin;
      message =
          Questions::pack({std::make_move_iterator(first),
                           std::make_move_iterator(first + std::min(questions_in_message, count - begin))});
    }
    comm.broadcast(message, 0);
    questions.unpack(message);
  }
}

void leave_out_rejected(comm::Communicator& comm, const config::Golden& golden, storage::Service* s3,
                        const Pulse& pulse, Questions& questions) {
  const auto place = golden.review.empty() ? golden::review_beside(golden.file).string() : golden.review;
  std::vector<std::int64_t> rejected;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    if (const auto review = read_review(golden, place, s3, pulse))
      rejected = golden::rejected_by(*review, questions.list, place);
  });
  auto message = Packer().put(rejected).take();
  comm.broadcast(message, 0);
  rejected = Unpacker(message).get<std::vector<std::int64_t>>();
  (void)questions.take(rejected);
  questions.rejected = std::ssize(rejected);
}

}  // namespace

Bytes Questions::pack(std::vector<GoldenQuestion> questions) {
  Packer packer;
  packer.put(std::ssize(questions));
  for (auto& question : questions) {
    packer.put(golden::digest_of(std::span(&question, 1))).put(golden::content_of(question));
    packer.put(golden::passages_of(std::span(&question, 1)).front());
    question.contexts.clear();
  }
  const auto texts = golden::pack(questions);
  return packer.put(std::string_view(texts.data(), texts.size())).take();
}

void Questions::unpack(const Bytes& message) {
  Unpacker reader(message);
  for (auto left = reader.get<std::ptrdiff_t>(); left > 0; --left) {
    digests.push_back(reader.get<Digest>());
    contents.push_back(reader.get<Digest>());
    passages.push_back(reader.get<std::vector<golden::Passage>>());
  }
  const auto texts = reader.get<std::string>();
  golden::unpack({texts.begin(), texts.end()}, list);
}

Questions Questions::take(std::span<const std::int64_t> places) {
  Questions taken;
  if (places.empty()) return taken;
  const auto move_from = [places](auto& all, auto& to) {
    auto next = places.begin();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (next != places.end() && *next == static_cast<std::int64_t>(i)) {
        to.push_back(std::move(all[i]));
        ++next;
      } else if (kept++ != i) {
        all[kept - 1] = std::move(all[i]);
      }
    }
    all.resize(kept);
  };
  move_from(list, taken.list);
  move_from(digests, taken.digests);
  move_from(contents, taken.contents);
  move_from(passages, taken.passages);
  return taken;
}

void Questions::keep_first(std::int64_t count) {
  const auto size = static_cast<std::size_t>(std::min(count, std::ssize(list)));
  list.resize(size);
  digests.resize(size);
  contents.resize(size);
  passages.resize(size);
}

Questions load_questions(comm::Communicator& comm, const config::Golden& golden, storage::Service* s3,
                         const Pulse& pulse, const GoldenBlocks& blocks) {
  Questions questions;
  if (const auto csv = find_long_csv(comm, golden.file, s3, blocks.block, pulse))
    read_rows(comm, *csv, s3, pulse, blocks, questions);
  else
    read_on_rank_0(comm, golden.file, s3, pulse, questions);
  leave_out_rejected(comm, golden, s3, pulse, questions);
  if (golden.size > 0) questions.keep_first(golden.size);
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

std::vector<std::string> warnings_of(const config::Config& config, const Questions& questions) {
  constexpr std::size_t most = 10;
  std::vector<std::string> warnings;
  if (const auto itself = judge_of_itself(config); !itself.empty()) {
    warnings.push_back(fmt::format(
        "\"{}\" answers and is the judge, too; its trials may have a lead that they did not earn", itself));
  }
  const auto problems = golden::duplicates(questions.list, questions.contents);
  for (std::size_t i = 0; i < std::min(most, problems.size()); ++i)
    warnings.push_back(config.golden.file + ": " + problems[i].text());
  if (problems.size() > most)
    warnings.push_back(
        fmt::format("{}: {} more rows say the same as others", config.golden.file, problems.size() - most));
  return warnings;
}

}  // namespace dream::sweep
