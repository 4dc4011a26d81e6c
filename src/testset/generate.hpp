#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "config/config.hpp"
#include "sweep/language_models.hpp"
#include "testset/library.hpp"
#include "testset/prompts.hpp"
#include "testset/tasks.hpp"

namespace dream::testset {

/// A question that passed all filters.
struct Row {
  std::int32_t slot = 0;
  Kind kind = Kind::simple;
  std::string question;
  std::string reference;
  std::vector<std::string> passages;  ///< verbatim; of an unanswerable one: what it was made from
  std::vector<Digest> documents;      ///< of each passage
};

/// A candidate that did not.
struct Dropped {
  std::int32_t slot = 0;
  std::int64_t attempt = 0;
  std::string reason;
  bool final = true;  ///< false: a call failed for a reason that may pass
  std::string question;
};

/// What came of all tasks, in the order of slots and tries.
struct Harvest {
  std::vector<Row> rows;
  std::vector<Dropped> dropped;
};

/// What making questions needs.
struct Work {
  comm::Communicator& comm;
  const config::Config& config;
  const TaskPlan& plan;
  const Prompts& prompts;
  const std::vector<std::int32_t>& tasks;  ///< this rank's
  const std::map<Digest, Book>& books;     ///< their documents
  sweep::LanguageModels& models;
  bool json_schema;                              ///< whether requests carry the schema of their reply
  std::function<void(const std::string&)> note;  ///< told of each round, on every rank
};

/// The most requests that one try at a question is made of: each step, for multi_context the blind one also
/// with either passage alone; and for each of them one request to mend its reply.
[[nodiscard]] constexpr std::int64_t most_calls_of_a_try(Kind kind) {
  return 2 * (step_count + (kind == Kind::multi_context ? 2 : 0));
}

/// Makes the questions in rounds: in each, every question that is still open gets one candidate, which goes
/// through the steps and filters; after testset.tries rounds it is given up. A round sees the questions that
/// earlier rounds admitted, so what is a duplicate does not depend on ranks. Collective; the harvest is whole
/// on rank 0.
[[nodiscard]] Harvest generate(const Work& work);

}  // namespace dream::testset
