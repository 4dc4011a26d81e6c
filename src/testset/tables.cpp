#include "testset/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "golden/csv.hpp"

namespace dream::testset {
namespace {

using Cells = std::vector<std::string>;

std::string list_cell(const std::vector<std::string>& texts) {
  return nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Names of a row's documents, each once.
std::vector<std::string> sources_of(const Finished& finished, const Row& row) {
  std::vector<std::string> names;
  for (const auto& document : row.documents) {
    const auto& name = finished.names.at(document);
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

/// The same question has the same id in every run, so that a review stays with it. The kind keeps a
/// spreadsheet from taking it for a number.
std::string id_of(const Row& row) {
  const auto digest = Hasher("testset/id").add(row.question).add(row.reference).finish();
  return fmt::format("{}-{}", name_of(row.kind), digest.hex().substr(0, 12));
}

struct Count {
  std::int64_t asked = 0;
  std::int64_t got = 0;
  std::int64_t dropped = 0;
};

/// Counts by whatever `group` makes of a slot.
template <class Key>
std::map<Key, Count> counts_by(const Finished& finished, const std::function<Key(const Slot&)>& group) {
  std::map<Key, Count> counts;
  const auto of = [&](std::int32_t slot) -> Count& {
    return counts[group(finished.plan.slots[static_cast<std::size_t>(slot)])];
  };
  for (std::size_t s = 0; s < finished.plan.slots.size(); ++s) ++of(static_cast<std::int32_t>(s)).asked;
  for (const auto& row : finished.harvest.rows) ++of(row.slot).got;
  for (const auto& one : finished.harvest.dropped) ++of(one.slot).dropped;
  return counts;
}

const std::string& name_of_document(const Finished& finished, std::int32_t index) {
  return finished.names.at(finished.plan.documents[static_cast<std::size_t>(index)].document);
}

std::map<std::string, Count> counts_by_document(const Finished& finished) {
  return counts_by<std::string>(finished,
                                [&](const Slot& slot) { return name_of_document(finished, slot.document); });
}

std::map<Kind, Count> counts_by_kind(const Finished& finished) {
  return counts_by<Kind>(finished, [](const Slot& slot) { return slot.kind; });
}

std::map<std::string, std::int64_t> counts_by_reason(const Finished& finished) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& one : finished.harvest.dropped) ++counts[one.reason];
  return counts;
}

std::string names_of_task(const Finished& finished, const Task& task) {
  std::vector<std::string> names;
  for (const auto d : task.documents) names.push_back(name_of_document(finished, d));
  return list_cell(names);
}

void add_record(std::string& text, const Cells& cells) { text += golden::csv_record(cells); }

Cells count_cells(const char* table, const std::string& name, const std::string& what, const Count& count) {
  return {table,
          name,
          what,
          std::to_string(count.asked),
          std::to_string(count.got),
          std::to_string(count.dropped)};
}

}  // namespace

std::string golden_header() {
  return golden::csv_record(
      Cells{"id", "user_input", "reference", "reference_contexts", "sources", "kind", "model"});
}

std::string golden_csv(const Finished& finished) {
  auto text = golden_header();
  for (const auto& row : finished.harvest.rows) {
    const bool answered = row.kind != Kind::unanswerable;
    add_record(text, {id_of(row), row.question, row.reference, answered ? list_cell(row.passages) : "[]",
                      answered ? list_cell(sources_of(finished, row)) : "[]", std::string(name_of(row.kind)),
                      finished.model});
  }
  return text;
}

std::string review_csv(const Finished& finished, const golden::Review& earlier) {
  std::string text = golden::csv_record(
      Cells{"decision", "comment", "id", "kind", "question", "reference", "passages", "sources"});
  for (const auto& row : finished.harvest.rows) {
    const auto id = id_of(row);
    const auto said = earlier.find(id);
    const auto decision = said == earlier.end() ? "" : name_of(said->second.decision);
    add_record(text, {std::string(decision), said == earlier.end() ? "" : said->second.comment, id,
                      std::string(name_of(row.kind)), row.question, row.reference, list_cell(row.passages),
                      list_cell(sources_of(finished, row))});
  }
  return text;
}

std::string summary_csv(const Finished& finished, const std::string& digest) {
  std::string text = golden::csv_record(Cells{"table", "name", "what", "asked", "got", "dropped"});
  add_record(text, count_cells("dataset", digest, "digest",
                               {std::ssize(finished.plan.slots), std::ssize(finished.harvest.rows),
                                std::ssize(finished.harvest.dropped)}));
  add_record(text, {"prompts", finished.prompts.hex(), "digest", "", "", ""});
  const auto tasks = counts_by<std::int32_t>(finished, [](const Slot& slot) { return slot.task; });
  for (const auto& [task, count] : tasks) {
    add_record(text, count_cells("task", std::to_string(task + 1),
                                 names_of_task(finished, finished.plan.tasks[static_cast<std::size_t>(task)]),
                                 count));
  }
  for (const auto& [kind, count] : counts_by_kind(finished))
    add_record(text, count_cells("kind", std::string(name_of(kind)), "", count));
  for (const auto& [name, count] : counts_by_document(finished))
    add_record(text, count_cells("document", name, "", count));
  for (const auto& [reason, count] : counts_by_reason(finished))
    add_record(text, {"reason", reason, "", "", "", std::to_string(count)});
  return text;
}

std::string dropped_csv(const Finished& finished) {
  std::string text = golden::csv_record(Cells{"place", "try", "kind", "document", "reason", "question"});
  for (const auto& one : finished.harvest.dropped) {
    const auto& slot = finished.plan.slots[static_cast<std::size_t>(one.slot)];
    // A candidate that a spreadsheet would run was dropped for that; here it stands behind an apostrophe.
    const bool formula =
        !one.question.empty() && std::string("=+-@").find(one.question[0]) != std::string::npos;
    add_record(
        text, {std::to_string(one.slot + 1), std::to_string(one.attempt + 1), std::string(name_of(slot.kind)),
               name_of_document(finished, slot.document), one.reason, (formula ? "'" : "") + one.question});
  }
  return text;
}

std::string calls_csv(const Finished& finished) {
  std::string text = golden::csv_record(Cells{"purpose", "model", "sent", "from_state", "retries", "given_up",
                                              "input_tokens", "output_tokens", "cost_usd"});
  for (const auto& row : finished.usage) {
    Cells cells{row.purpose, row.model};
    for (const auto count :
         {row.sent, row.from_state, row.retries, row.given_up, row.input_tokens, row.output_tokens})
      cells.push_back(std::to_string(count));
    cells.push_back(fmt::format("{}", row.cost_usd));
    add_record(text, cells);
  }
  return text;
}

std::string describe(const Finished& finished, const config::Config& config) {
  const auto& settings = config.testset;
  const auto counts = counts_of(settings);
  std::string text =
      fmt::format("{} questions from {} documents, in tasks of at most {}, asked of {}\n", settings.size,
                  finished.documents, settings.documents_per_task, finished.model);
  for (std::size_t k = 0; k < counts.size(); ++k)
    text += fmt::format("  {:<14} {:>8}\n", name_of(static_cast<Kind>(k)), counts[k]);
  const auto& bounds = finished.bounds;
  text += fmt::format(
      "at most {} calls: {} tries at a question, {} requests a try ({} for multi_context), mended ones "
      "counted; {} "
      "when the model refuses all\n"
      "about {} tokens to send and at most {} to receive without mending, at most {:.4f} USD\n",
      bounds.calls, settings.tries, most_calls_of_a_try(Kind::simple),
      most_calls_of_a_try(Kind::multi_context), bounds.calls_refused, bounds.input_tokens,
      bounds.output_tokens, bounds.usd);
  return text;
}

std::string terminal_summary(const Finished& finished) {
  std::string text =
      fmt::format("\n{} tasks of {} documents\n\n{:<16}{:>8}{:>8}{:>10}\n", finished.plan.tasks.size(),
                  finished.plan.documents.size(), "kind", "asked", "got", "dropped");
  const auto line = [&text](std::string_view name, const Count& count) {
    text += fmt::format("{:<16}{:>8}{:>8}{:>10}\n", name, count.asked, count.got, count.dropped);
  };
  for (const auto& [kind, count] : counts_by_kind(finished)) line(name_of(kind), count);
  line("all", {std::ssize(finished.plan.slots), std::ssize(finished.harvest.rows),
               std::ssize(finished.harvest.dropped)});
  std::map<std::int64_t, std::int64_t> documents;  // rows -> documents
  for (const auto& [name, count] : counts_by_document(finished)) ++documents[count.got];
  text += "\nrows of a document:";
  for (const auto& [rows, count] : documents) text += fmt::format(" {} ({})", rows, count);
  text += "    (documents in brackets)\n";
  if (!finished.harvest.dropped.empty()) text += "\ndropped\n";
  for (const auto& [reason, count] : counts_by_reason(finished))
    text += fmt::format("  {:<22}{:>8}\n", reason, count);
  sweep::CallUsage sum;
  for (const auto& row : finished.usage) {
    sum.sent += row.sent;
    sum.from_state += row.from_state;
    sum.input_tokens += row.input_tokens;
    sum.output_tokens += row.output_tokens;
    sum.cost_usd += row.cost_usd;
  }
  text += fmt::format("\n{} calls sent, {} replies from the state folder, {} tokens in, {} out, {:.4f} USD\n",
                      sum.sent, sum.from_state, sum.input_tokens, sum.output_tokens, sum.cost_usd);
  return text;
}

}  // namespace dream::testset
