#include "comm/communicator.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace dream::comm {
namespace {

/// The group of one: every verb is a copy.
class Self final : public Transport {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::string name() const override { return "self"; }
  void broadcast(std::span<char>, int) override {}
  void all_gather_v(std::span<const char> mine, std::span<const std::int64_t>, std::span<char> all) override {
    std::copy(mine.begin(), mine.end(), all.begin());
  }
  void all_to_all_v(std::span<const char> out, std::span<const std::int64_t>, std::span<char> in,
                    std::span<const std::int64_t>) override {
    std::copy(out.begin(), out.end(), in.begin());
  }
  void all_reduce(std::span<std::int64_t>, Reduce) override {}
  void send(std::span<const char>, int) override {
    throw InternalError("a group of one has nobody to send to");
  }
  void receive(std::span<char>, int) override {
    throw InternalError("a group of one has nobody to hear from");
  }
  void raise_alarm() override {}
  bool alarmed() override { return false; }
  void clear_alarm() override {}
  void post(std::span<const Count> counts) override {
    posted_.insert(posted_.end(), counts.begin(), counts.end());
  }
  std::vector<Count> collect() override { return std::exchange(posted_, {}); }
  void set_idle(std::function<void()>) override {}
  bool conclude(bool well) override { return well; }
  Survivors survivors() override { throw InternalError("a group of one has nobody to lose"); }
  [[noreturn]] void abort(int exit_code) override { std::_Exit(exit_code); }

 private:
  std::vector<Count> posted_;
};

}  // namespace

void Communicator::broadcast(Bytes& data, int root) {
  std::int64_t size = static_cast<std::int64_t>(data.size());
  broadcast(std::span<std::int64_t>(&size, 1), root);
  data.resize(static_cast<std::size_t>(size));
  broadcast(std::span<char>(data), root);
}

std::vector<std::int64_t> Communicator::exchange_counts(std::span<const std::int64_t> out_bytes) {
  const auto n = static_cast<std::size_t>(size());
  DREAM_CHECK(out_bytes.size() == n, "all_to_all_v needs a count for each rank");
  std::vector<std::int64_t> in_bytes(n);
  const std::vector<std::int64_t> one(n, sizeof(std::int64_t));
  transport_->all_to_all_v(as_bytes(out_bytes), one, as_bytes(std::span<std::int64_t>(in_bytes)), one);
  return in_bytes;
}

void Communicator::send(const Bytes& data, int to) {
  const auto size = static_cast<std::int64_t>(data.size());
  transport_->send({reinterpret_cast<const char*>(&size), sizeof size}, to);
  transport_->send(data, to);
}

Bytes Communicator::receive(int from) {
  std::int64_t size = 0;
  transport_->receive({reinterpret_cast<char*>(&size), sizeof size}, from);
  Bytes data(static_cast<std::size_t>(size));
  transport_->receive(data, from);
  return data;
}

Survivors Communicator::survivors() { return transport_->survivors(); }

Communicator self() { return Communicator(std::make_shared<Self>()); }

}  // namespace dream::comm
