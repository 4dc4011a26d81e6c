#include "sweep/usage.hpp"

namespace dream::sweep {
namespace {

void pack(Packer& packer, const calls::Latencies& latencies) {
  packer.put(std::ssize(latencies.buckets()));
  for (const auto& [bucket, count] : latencies.buckets()) packer.put(bucket).put(count);
}

void add(calls::Latencies& latencies, Unpacker& reader) {
  calls::Latencies::Buckets buckets;
  for (auto left = reader.get<std::ptrdiff_t>(); left > 0; --left) {
    const auto bucket = reader.get<std::int32_t>();
    buckets[bucket] = reader.get<std::int64_t>();
  }
  latencies.add(buckets);
}

Bytes pack(const calls::Usage& usage) {
  Packer packer;
  for (const auto& [key, counts] : usage) {
    packer.put(key.first).put(key.second).put(counts.sent).put(counts.retries).put(counts.from_store);
    packer.put(counts.given_up).put(counts.input_tokens).put(counts.output_tokens).put(counts.usd);
    pack(packer, counts.latency);
    pack(packer, counts.first_byte);
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
    add(counts.latency, reader);
    add(counts.first_byte, reader);
  }
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
                    counts.input_tokens, counts.output_tokens, counts.usd, counts.latency.quantile(0.5),
                    counts.latency.quantile(0.95), counts.first_byte.quantile(0.5),
                    counts.first_byte.quantile(0.95)});
  }
  return rows;
}

}  // namespace dream::sweep
