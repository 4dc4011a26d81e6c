#include "sweep/usage.hpp"

#include <algorithm>
#include <cmath>

namespace dream::sweep {
namespace {

Bytes pack(const calls::Usage& usage) {
  Packer packer;
  for (const auto& [key, counts] : usage) {
    packer.put(key.first).put(key.second).put(counts.sent).put(counts.retries).put(counts.from_store);
    packer.put(counts.given_up)
        .put(counts.input_tokens)
        .put(counts.output_tokens)
        .put(counts.usd)
        .put(counts.latency_s);
  }
  return packer.take();
}

void add(calls::Usage& usage, std::string_view message) {
  for (Unpacker reader(message); !reader.done();) {
    auto purpose = reader.get<std::string>();
    auto& counts = usage[{std::move(purpose), reader.get<std::string>()}];
    for (auto* count : {&counts.sent, &counts.retries, &counts.from_store, &counts.given_up,
                        &counts.input_tokens, &counts.output_tokens}) {
      *count += reader.get<std::int64_t>();
    }
    counts.usd += reader.get<double>();
    const auto latency = reader.get<std::vector<float>>();
    counts.latency_s.insert(counts.latency_s.end(), latency.begin(), latency.end());
  }
}

/// The smallest value that a share of all does not pass; 0 without any.
double quantile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(share * static_cast<double>(values.size()))) - 1;
  const auto at = values.begin() + std::max<std::ptrdiff_t>(0, rank);
  std::nth_element(values.begin(), at, values.end());
  return static_cast<double>(*at);
}

}  // namespace

std::vector<CallUsage> gather_usage(comm::Communicator& comm, const calls::Usage& mine) {
  const auto message = pack(mine);
  const auto all = comm.gather_v(std::span<const char>(message), 0);
  calls::Usage sum;
  for (int r = 0; r < comm.size(); ++r) {
    const auto part = all.from(r);
    add(sum, {part.data(), part.size()});
  }
  std::vector<CallUsage> rows;
  for (auto& [key, counts] : sum) {
    rows.push_back({key.first, key.second, counts.sent, counts.retries, counts.from_store, counts.given_up,
                    counts.input_tokens, counts.output_tokens, counts.usd, quantile(counts.latency_s, 0.5),
                    quantile(counts.latency_s, 0.95)});
  }
  return rows;
}

void add(Forecast& sum, const Forecast& more) {
  sum.calls += more.calls;
  sum.from_state += more.from_state;
  sum.input_tokens += more.input_tokens;
  sum.most_output_tokens += more.most_output_tokens;
  sum.input_usd += more.input_usd;
  sum.most_usd += more.most_usd;
}

Forecast sum_over_ranks(comm::Communicator& comm, const Forecast& mine) {
  Forecast sum;
  for (const auto& one : comm.all_gather(mine)) add(sum, one);
  return sum;
}

}  // namespace dream::sweep
