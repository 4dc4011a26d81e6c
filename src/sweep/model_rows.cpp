#include "sweep/model_rows.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "comm/agree.hpp"

namespace dream::sweep {

ModelRows::ModelRows(Run& run, RowModel model, Counters counters)
    : run_(run), model_(std::move(model)), counters_(counters), relief_(run.workers) {
  DREAM_CHECK((model_.there != nullptr) != static_cast<bool>(model_.make), "a model is here or there");
}

void ModelRows::greet(const Request& first) {
  std::vector<Request> requests;
  if (run_.comm.rank() == 0) requests.push_back(first);
  const auto replies = run_.calls.once(requests, [&](const std::vector<Request>& distinct) {
    std::vector<Served> served;
    for (const auto& request : distinct) {
      const auto asked = model_.asker->ask_first(*model_.there, request.payload, run_.calls.pulse());
      if (asked.reason == "budget")
        served.emplace_back();
      else
        served.push_back(Packer().put(std::ssize(asked.vector)).put(asked.reason).take());
    }
    return served;
  });
  comm::agree(run_.comm, [&] {
    if (replies.empty()) return;
    Unpacker reader(replies[0]);
    model_.cols = reader.get<std::ptrdiff_t>();
    if (model_.cols > 0) return;
    throw EndpointError(model_.asker->url(*model_.there), 0, static_cast<int>(model_.there->attempts),
                        fmt::format("{}: no {} for a first {}; the same command tries again",
                                    reader.get<std::string>(), model_.row, model_.text));
  });
  run_.comm.broadcast(std::span<std::int64_t>(&model_.cols, 1), 0);
}

std::vector<Bytes> ModelRows::replies_from_here(const std::vector<Request>& requests) {
  const auto speeds = run_.pace.speeds();
  const auto me = run_.comm.rank() - run_.workers.first;
  ReliefTerms terms;
  if (!speeds.empty() && me >= 0) terms.speeds = {speeds[static_cast<std::size_t>(me)]};
  terms.has = [this](const Digest& key) { return known_.contains(key); };
  const auto serve_here = [&](const std::vector<Request>& distinct) {
    std::vector<Bytes> all;
    for (auto& served : serve(distinct)) all.push_back(std::move(served.value()));
    return all;
  };
  auto replies = once(run_.comm, run_.workers, requests, serve_here, {&run_.vectors, &relief_, &terms});
  run_.pace.share(run_.comm, run_.workers, model_.work, std::exchange(done_, {}));
  return replies;
}

Matrix ModelRows::rows(const std::vector<Request>& requests) {
  std::vector<Bytes> replies;
  if (model_.there != nullptr)
    replies = run_.calls.once(requests, [this](const auto& distinct) { return serve(distinct); });
  else
    replies = replies_from_here(requests);
  Matrix rows(std::ssize(requests), model_.cols);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    auto row = rows.row(static_cast<std::int64_t>(i));
    DREAM_CHECK(replies[i].size() == row.size_bytes(), "a row for each text");
    std::memcpy(row.data(), replies[i].data(), replies[i].size());
  }
  return rows;
}

std::vector<Served> ModelRows::serve(const std::vector<Request>& requests) {
  std::vector<const Request*> fresh;
  for (const auto& request : requests) {
    if (!known_.contains(request.key)) fresh.push_back(&request);
  }
  if (model_.there != nullptr)
    ask(fresh);
  else
    make(fresh);
  for (const auto* request : fresh) counters_.made += known_.contains(request->key) ? 1 : 0;

  std::vector<Served> replies;
  for (const auto& request : requests) {
    const auto row = known_.find(request.key);
    if (row == known_.end()) {  // the budget had no room for it
      replies.emplace_back();
      continue;
    }
    const auto* bytes = reinterpret_cast<const char*>(row->second.data());
    replies.emplace_back(Bytes(bytes, bytes + row->second.size() * sizeof(float)));
  }
  // Beside its numbers a row costs its name, its vector's header and a place in the map.
  const auto row_bytes = model_.cols * static_cast<std::int64_t>(sizeof(float)) + 128;
  if (std::ssize(known_) * row_bytes > memory_bytes) {
    known_.clear();
    relief_.forget();
  }
  return replies;
}

void ModelRows::make(const std::vector<const Request*>& fresh) {
  std::vector<std::string_view> texts;
  for (const auto* request : fresh) {
    texts.push_back(request->payload);
    done_.work += static_cast<double>(request->payload.size());
  }
  const auto span = run_.trace.span(Track::work, model_.work, std::ssize(texts));
  const auto start = std::chrono::steady_clock::now();
  Matrix rows(std::ssize(texts), model_.cols);
  if (!texts.empty()) model_.make(texts, rows.view());
  done_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const auto row = rows.row(static_cast<std::int64_t>(i));
    known_[fresh[i]->key].assign(row.begin(), row.end());
  }
}

void ModelRows::ask(const std::vector<const Request*>& fresh) {
  std::vector<std::string> texts;
  for (const auto* request : fresh) texts.push_back(model_.prefix + request->payload);
  auto asked = model_.asker->ask(*model_.there, model_.cols, texts, run_.calls.pulse());
  std::int64_t failed = 0;
  std::string reason;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (asked[i].reason == "budget") continue;
    if (!asked[i].final) {
      ++failed;
      reason = asked[i].reason;
      continue;
    }
    auto& row = known_[fresh[i]->key];
    if (asked[i].reason.empty()) {
      row = std::move(asked[i].vector);
      if (model_.arrived != nullptr) model_.arrived(row);
    } else {
      row.assign(static_cast<std::size_t>(model_.cols), model_.refused);
      warn_refused(*fresh[i], asked[i].reason);
    }
  }
  if (failed == 0) return;
  // A sweep over a part of its texts would be another sweep: it ends, and the next one asks for these alone.
  throw EndpointError(model_.asker->url(*model_.there), 0, static_cast<int>(model_.there->attempts),
                      fmt::format("{}: no {}s for {} {}s; the same command continues", reason, model_.row,
                                  failed, model_.text));
}

void ModelRows::warn_refused(const Request& request, const std::string& reason) {
  ++counters_.refused;
  run_.log(Level::warning,
           fmt::format("models.{} gives no {} for a {} ({}): {:.60}...", model_.there->name, model_.row,
                       model_.text, reason,
                       model_.shown != nullptr ? model_.shown(request.payload) : request.payload));
}

}  // namespace dream::sweep
