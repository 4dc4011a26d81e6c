#include <filesystem>
#include <limits>
#include <set>

#include "report/csv.hpp"
#include "report/outputs.hpp"
#include "report/rows.hpp"

namespace dream::report {
namespace {

std::filesystem::path in_output(const Material& m, const char* name) {
  return std::filesystem::path(config::output_folder(m.config)) / name;
}

void trial_cells(CsvWriter& csv, const Material& m, const sweep::Trial& trial) {
  const auto& method = m.config.space.methods[static_cast<std::size_t>(trial.method)];
  csv.cell(std::int64_t{trial.number}).cell(method.name).cell(method.params.canonical());
  csv.cell(trial.embedder).cell(trial.reranker).cell(trial.k).cell(trial.llm).cell(m.config.judge.llm);
}

void trial_header(CsvWriter& csv) {
  for (const char* name : {"trial", "method", "parameters", "embedder", "reranker", "top_k", "llm", "judge"})
    csv.cell(name);
}

}  // namespace

void write_results(const Material& m) {
  CsvWriter csv(in_output(m, "results.csv"));
  trial_header(csv);
  csv.cell("questions");
  for (const auto& metric : m.finished.outcome.metrics) {
    csv.cell(metric).cell(metric + "_standard_error").cell(metric + "_coverage");
  }
  for (const char* name :
       {"input_tokens", "output_tokens", "cost_usd", "question_usd", "failed_answers", "flagged_questions"})
    csv.cell(name);
  csv.end_row();
  const auto questions = std::ssize(m.finished.questions);
  for (const auto& trial : m.finished.plan.trials) {
    const auto& summary = m.finished.outcome.trials[static_cast<std::size_t>(trial.number - 1)];
    trial_cells(csv, m, trial);
    csv.cell(std::int64_t{questions});
    for (const auto& metric : summary.metrics) {
      if (metric.count > 0)
        csv.cell(metric.mean).cell(metric.standard_error);
      else
        csv.empty().empty();
      csv.cell(questions > 0 ? static_cast<double>(metric.count) / static_cast<double>(questions) : 0.0);
    }
    csv.cell(summary.input_tokens)
        .cell(summary.output_tokens)
        .cell(summary.cost_usd)
        .cell(summary.question_usd);
    csv.cell(summary.failed_answers).cell(summary.flagged);
    csv.end_row();
  }
  csv.close();
}

void write_questions(const Material& m) {
  CsvWriter csv(in_output(m, "questions.csv"));
  trial_header(csv);
  for (const char* name : {"id", "question", "answer", "answer_reason", "chunks", "flagged"}) csv.cell(name);
  for (const auto& metric : m.finished.outcome.metrics) csv.cell(metric).cell(metric + "_reason");
  csv.end_row();
  for (const auto& trial : m.finished.plan.trials) {
    for_questions(m, trial,
                  [&](const GoldenQuestion& question, const auto& contexts, const parts::Result& result) {
                    trial_cells(csv, m, trial);
                    csv.cell(question.id)
                        .cell(question.question)
                        .cell(result.answer.text)
                        .cell(result.answer.reason)
                        .cell(chunk_names(trial.method, contexts));
                    csv.cell(std::int64_t{result.flagged});
                    for (const auto& score : result.scores) {
                      if (score.has_value())
                        csv.cell(score.value).empty();
                      else
                        csv.empty().cell(score.reason);
                    }
                    csv.end_row();
                  });
  }
  csv.close();
}

void write_chunks(const Material& m) {
  CsvWriter csv(in_output(m, "chunks.csv"));
  for (const char* name : {"chunk", "method", "parameters", "document", "first_page", "last_page", "text"})
    csv.cell(name);
  csv.end_row();
  const auto& plan = m.finished.plan;
  std::set<std::pair<int, ChunkId>> written;
  for (const int number : plan.nodes_of(sweep::Stage::select)) {
    const auto& select = node(m, number);
    const auto& method = m.config.space.methods[static_cast<std::size_t>(select.method)];
    for (int part = 0; part < plan.parts_of(select); ++part) {
      m.pulse();
      for (const auto& question : parts::load_contexts(m.parts.open(plan.part_key(select, part)))) {
        for (const auto& context : question) {
          const auto& id = context.retrieved.chunk;
          if (!written.emplace(select.method, id).second) continue;
          csv.cell(chunk_name(select.method, id)).cell(method.name).cell(method.params.canonical());
          csv.cell(m.finished.outcome.document_names.at(id.document));
          csv.cell(std::int64_t{context.first_page}).cell(std::int64_t{context.last_page}).cell(context.text);
          csv.end_row();
        }
      }
    }
  }
  csv.close();
}

void write_timings(const Material& m) {
  CsvWriter csv(in_output(m, "timings.csv"));
  for (const char* name : {"rank", "host", "stage", "seconds", "parts"}) csv.cell(name);
  csv.end_row();
  const auto& outcome = m.finished.outcome;
  for (std::size_t rank = 0; rank < outcome.ranks.size(); ++rank) {
    for (int s = 0; s < sweep::stage_count; ++s) {
      if (m.finished.plan.nodes_of(static_cast<sweep::Stage>(s)).empty()) continue;
      const auto at = static_cast<std::size_t>(s);
      csv.cell(static_cast<std::int64_t>(rank))
          .cell(outcome.hosts[rank])
          .cell(name_of(static_cast<sweep::Stage>(s)));
      csv.cell(outcome.ranks[rank].seconds[at]).cell(outcome.ranks[rank].parts[at]);
      csv.end_row();
    }
  }
  csv.close();
}

}  // namespace dream::report
