#include "testset/generate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "calls/structured.hpp"
#include "comm/agree.hpp"
#include "testset/filters.hpp"
#include "testset/reasons.hpp"

namespace dream::testset {
namespace {

constexpr std::size_t passages_beside = 2;  ///< that an unanswerable question is checked against as well

/// A passage by its place.
struct Place {
  Digest document;
  std::size_t passage = 0;
  auto operator<=>(const Place&) const = default;
};

/// One try at a question, on its way through the filters. Dropped when `reason` is set.
struct Candidate {
  std::int32_t slot = 0;
  std::int64_t attempt = 0;
  Kind kind = Kind::simple;
  std::int64_t sample = 0;
  std::vector<Place> places{};
  std::string question{};
  std::string reference{};
  std::string blind_answer{};
  std::string reason{};
  bool final = true;
};

class Generator {
 public:
  explicit Generator(const Work& work)
      : work_(work), settings_(work.config.testset), duplicates_(settings_.max_similarity) {
    for (const auto task : work.tasks) {
      const auto& slots = work.plan.tasks[static_cast<std::size_t>(task)].slots;
      open_.insert(open_.end(), slots.begin(), slots.end());
    }
    std::ranges::sort(open_);
  }

  Harvest run() {
    Harvest mine;
    for (std::int64_t attempt = 0; attempt < settings_.tries; ++attempt) {
      const auto open = work_.comm.all_reduce(std::ssize(open_), comm::Reduce::sum);
      if (open == 0) break;
      work_.note(fmt::format("round {} of {}: {} questions to be made", attempt + 1, settings_.tries, open));
      take(round(attempt), mine);
    }
    return gather(mine);
  }

 private:
  std::vector<Candidate> round(std::int64_t attempt) {
    std::vector<Candidate> candidates;
    comm::agree(work_.comm, [&] {
      for (const auto slot : open_) candidates.push_back(begin(slot, attempt));
    });
    draft(candidates);
    critique(candidates);
    blind(candidates);
    compare(candidates);
    alone(candidates);
    drop_duplicates(candidates);
    return candidates;
  }

  [[nodiscard]] const Slot& slot_of(const Candidate& candidate) const {
    return work_.plan.slots[static_cast<std::size_t>(candidate.slot)];
  }
  [[nodiscard]] const Digest& document_of(std::int32_t index) const {
    return work_.plan.documents[static_cast<std::size_t>(index)].document;
  }
  [[nodiscard]] const std::string& text_of(const Place& place) const {
    return work_.books.at(place.document).passages[place.passage];
  }
  [[nodiscard]] std::vector<std::string> texts_of(const std::vector<Place>& places) const {
    std::vector<std::string> texts;
    for (const auto& place : places) texts.push_back(text_of(place));
    return texts;
  }

  Candidate begin(std::int32_t number, std::int64_t attempt) {
    const auto& slot = work_.plan.slots[static_cast<std::size_t>(number)];
    const auto& material = work_.plan.documents[static_cast<std::size_t>(slot.document)];
    auto& order = orders_[slot.document];
    if (order.empty()) order = passage_order(material, work_.config.sweep.seed);
    const auto use = use_of(work_.plan, slot, attempt, order);
    Candidate candidate{.slot = number, .attempt = attempt, .kind = slot.kind, .sample = use.sample};
    candidate.places.push_back({material.document, static_cast<std::size_t>(use.passage)});
    if (slot.kind != Kind::multi_context) return candidate;
    const auto& words = work_.books.at(material.document).words[static_cast<std::size_t>(use.passage)];
    // A second document has more to say than the next page of the first.
    auto near =
        nearest(slot.task, words, 1, [&](const Place& place) { return place.document != material.document; });
    if (near.empty()) {
      near =
          nearest(slot.task, words, 1, [&](const Place& place) { return place != candidate.places.front(); });
    }
    if (near.empty())
      candidate.reason = reason::no_second_passage;
    else
      candidate.places.push_back(near.front());
    return candidate;
  }

  /// The passages of a task's documents that share most words with `words`, best first, ties by place.
  [[nodiscard]] std::vector<Place> nearest(std::int32_t task, const WordSet& words, std::size_t count,
                                           const std::function<bool(const Place&)>& fits) const {
    std::vector<std::pair<double, Place>> found;
    for (const auto d : work_.plan.tasks[static_cast<std::size_t>(task)].documents) {
      const auto& book = work_.books.at(document_of(d));
      for (std::size_t p = 0; p < book.passages.size(); ++p) {
        const Place place{document_of(d), p};
        if (fits(place)) found.emplace_back(-similarity(words, book.words[p]), place);
      }
    }
    const auto most = std::min(count, found.size());
    std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(most));
    std::vector<Place> places;
    for (std::size_t i = 0; i < most; ++i) places.push_back(found[i].second);
    return places;
  }

  /// Asks about each candidate that is still in, and drops those whose reply says nothing. Collective.
  std::vector<std::pair<Candidate*, Said>> ask(
      Step step, std::vector<Candidate>& candidates,
      const std::function<std::optional<std::string>(const Candidate&)>& input_of) {
    std::vector<std::pair<Candidate*, Said>> said;
    std::vector<sweep::Call> calls;
    for (auto& candidate : candidates) {
      if (!candidate.reason.empty()) continue;
      if (const auto input = input_of(candidate)) {
        said.emplace_back(&candidate, Said());
        calls.push_back(call_of(step, candidate, *input));
      }
    }
    const auto replies = work_.models.ask(calls);
    std::vector<std::size_t> unfit;
    std::vector<sweep::Call> repairs;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      said[i].second = read(step, replies[i]);
      if (!said[i].second.can_be_repaired()) continue;
      unfit.push_back(i);
      repairs.push_back(std::move(calls[i]));
      auto& messages = repairs.back().messages;
      messages = calls::repair_prompt(std::move(messages), replies[i].text, work_.prompts.repair);
    }
    const auto repaired = work_.models.ask(repairs);
    for (std::size_t i = 0; i < unfit.size(); ++i) said[unfit[i]].second = read(step, repaired[i]);
    for (auto& [candidate, one] : said) {
      candidate->reason = one.reason;
      candidate->final = one.final;
    }
    return said;
  }

  [[nodiscard]] sweep::Call call_of(Step step, const Candidate& candidate, const std::string& input) const {
    const auto& prompt = work_.prompts.of(step, candidate.kind);
    sweep::Call call{
        .llm = settings_.llm, .purpose = name_of(step), .messages = judge::messages(prompt, input)};
    if (work_.json_schema) call.schema = prompt.schema;
    if (step == Step::draft) {  // the others are verdicts, which have no variety
      call.sample = candidate.sample;
      call.seed = work_.config.sweep.seed + candidate.sample;
    }
    return call;
  }

  void draft(std::vector<Candidate>& candidates) {
    for (auto& [candidate, said] : ask(Step::draft, candidates, [this](const Candidate& c) {
           return draft_input(work_.books.at(c.places.front().document).opening, texts_of(c.places));
         })) {
      if (!said.reason.empty()) continue;
      candidate->question = std::move(said.question);
      candidate->reference = std::move(said.answer);
      if (candidate->question.empty())
        candidate->reason = reason::declined;
      else
        candidate->reason = fault_of(stemmer_, candidate->kind, candidate->question, candidate->reference);
    }
  }

  void critique(std::vector<Candidate>& candidates) {
    for (auto& [candidate, said] : ask(Step::critique, candidates, [](const Candidate& c) {
           return critique_input(c.question, c.reference);
         })) {
      if (!said.reason.empty()) continue;
      if (!said.self_contained)
        candidate->reason = reason::not_self_contained;
      else if (said.gives_answer_away && candidate->kind != Kind::unanswerable)
        candidate->reason = reason::gives_answer_away;
    }
  }

  /// The model answers without the reference. What it must not be able to answer it gets more to read for.
  void blind(std::vector<Candidate>& candidates) {
    for (auto& [candidate, said] : ask(Step::blind, candidates, [this](const Candidate& c) {
           auto texts = texts_of(c.places);
           if (c.kind == Kind::unanswerable) {
             const auto beside =
                 nearest(slot_of(c).task, content_words(stemmer_, c.question), passages_beside,
                         [&](const Place& place) { return place != c.places.front(); });
             for (const auto& place : beside) texts.push_back(text_of(place));
           }
           return blind_input(c.question, texts);
         })) {
      if (!said.reason.empty()) continue;
      candidate->blind_answer = std::move(said.answer);
      const bool wanted = candidate->kind != Kind::unanswerable;
      if (said.answerable != wanted) candidate->reason = wanted ? reason::not_answerable : reason::answerable;
    }
  }

  void compare(std::vector<Candidate>& candidates) {
    const auto input_of = [](const Candidate& c) -> std::optional<std::string> {
      if (c.kind == Kind::unanswerable || same_letters(c.reference, c.blind_answer)) return std::nullopt;
      return compare_input(c.question, c.reference, c.blind_answer);
    };
    for (auto& [candidate, said] : ask(Step::compare, candidates, input_of)) {
      if (said.reason.empty() && !said.same) candidate->reason = reason::other_answer;
    }
  }

  /// A question over two passages must not be one over either of them.
  void alone(std::vector<Candidate>& candidates) {
    for (const std::size_t one : {0, 1}) {
      for (auto& [candidate, said] :
           ask(Step::blind, candidates, [&](const Candidate& c) -> std::optional<std::string> {
             if (c.kind != Kind::multi_context) return std::nullopt;
             return blind_input(c.question, texts_of({c.places[one]}));
           })) {
        if (said.reason.empty() && said.answerable) candidate->reason = reason::one_passage_suffices;
      }
    }
  }

  /// All ranks admit the questions of all ranks, in the order of slots. Collective.
  void drop_duplicates(std::vector<Candidate>& candidates) {
    Packer packer;
    for (const auto& candidate : candidates) {
      if (candidate.reason.empty()) packer.put(candidate.slot).put(candidate.question);
    }
    const auto message = packer.take();
    const auto all = work_.comm.all_gather_v(std::span<const char>(message));
    std::map<std::int32_t, std::string> questions;
    for (Unpacker reader(std::string_view(all.values.data(), all.values.size())); !reader.done();) {
      const auto slot = reader.get<std::int32_t>();
      questions[slot] = reader.get<std::string>();
    }
    std::set<std::int32_t> repeated;
    for (const auto& [slot, question] : questions) {
      if (!duplicates_.admit(stemmer_, question)) repeated.insert(slot);
    }
    for (auto& candidate : candidates) {
      if (candidate.reason.empty() && repeated.contains(candidate.slot)) candidate.reason = reason::duplicate;
    }
  }

  /// Sorts candidates into what is done and what is open.
  void take(std::vector<Candidate> candidates, Harvest& harvest) {
    open_.clear();
    for (auto& candidate : candidates) {
      if (!candidate.reason.empty()) {
        open_.push_back(candidate.slot);
        harvest.dropped.push_back({candidate.slot, candidate.attempt, std::move(candidate.reason),
                                   candidate.final, std::move(candidate.question)});
        continue;
      }
      Row row{candidate.slot,
              candidate.kind,
              std::move(candidate.question),
              std::move(candidate.reference),
              texts_of(candidate.places),
              {}};
      for (const auto& place : candidate.places) row.documents.push_back(place.document);
      harvest.rows.push_back(std::move(row));
    }
  }

  [[nodiscard]] Harvest gather(const Harvest& mine) const;

  const Work& work_;
  const config::Testset& settings_;
  lexical::Stemmer stemmer_;
  Duplicates duplicates_;
  std::map<std::int32_t, std::vector<std::int64_t>> orders_;  ///< passage_order() of each document
  std::vector<std::int32_t> open_;                            ///< slots of this rank without a question
};

Harvest Generator::gather(const Harvest& mine) const {
  Packer packer;
  packer.put(std::ssize(mine.rows)).put(std::ssize(mine.dropped));
  for (const auto& row : mine.rows)
    packer.put(row.slot)
        .put(row.kind)
        .put(row.question)
        .put(row.reference)
        .put(row.passages)
        .put(row.documents);
  for (const auto& one : mine.dropped)
    packer.put(one.slot).put(one.attempt).put(one.reason).put(one.final).put(one.question);
  const auto message = packer.take();
  const auto all = work_.comm.gather_v(std::span<const char>(message), 0);
  Harvest harvest;
  if (work_.comm.rank() != 0) return harvest;
  for (Unpacker reader(std::string_view(all.values.data(), all.values.size())); !reader.done();) {
    const auto rows = reader.get<std::ptrdiff_t>();
    const auto dropped = reader.get<std::ptrdiff_t>();
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
      Row& row = harvest.rows.emplace_back();
      row.slot = reader.get<std::int32_t>();
      row.kind = reader.get<Kind>();
      row.question = reader.get<std::string>();
      row.reference = reader.get<std::string>();
      row.passages = reader.get<std::vector<std::string>>();
      row.documents = reader.get<std::vector<Digest>>();
    }
    for (std::ptrdiff_t i = 0; i < dropped; ++i) {
      Dropped& one = harvest.dropped.emplace_back();
      one.slot = reader.get<std::int32_t>();
      one.attempt = reader.get<std::int64_t>();
      one.reason = reader.get<std::string>();
      one.final = reader.get<bool>();
      one.question = reader.get<std::string>();
    }
  }
  std::ranges::sort(harvest.rows, {}, &Row::slot);
  std::ranges::sort(harvest.dropped, {}, [](const Dropped& one) { return std::pair(one.slot, one.attempt); });
  return harvest;
}

}  // namespace

Harvest generate(const Work& work) { return Generator(work).run(); }

}  // namespace dream::testset
