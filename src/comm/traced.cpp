#include "comm/traced.hpp"

namespace dream::comm {
namespace {

/// What moves data from everybody to everybody is a meeting: nobody leaves before all have come. A broadcast
/// is none: its root does not wait.
class Traced final : public Transport {
 public:
  Traced(std::shared_ptr<Transport> inner, Trace trace)
      : inner_(std::move(inner)), trace_(std::move(trace)) {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  std::string name() const override { return inner_->name(); }

  void broadcast(std::span<char> data, int root) override {
    const auto span = wait("broadcast");
    inner_->broadcast(data, root);
  }
  void all_gather_v(std::span<const char> mine, std::span<const std::int64_t> counts,
                    std::span<char> all) override {
    const auto span = meet("all_gather");
    inner_->all_gather_v(mine, counts, all);
  }
  void all_to_all_v(std::span<const char> out, std::span<const std::int64_t> out_counts, std::span<char> in,
                    std::span<const std::int64_t> in_counts) override {
    const auto span = meet("all_to_all");
    inner_->all_to_all_v(out, out_counts, in, in_counts);
  }
  void all_reduce(std::span<std::int64_t> data, Reduce op) override {
    const auto span = meet("all_reduce");
    inner_->all_reduce(data, op);
  }
  void send(std::span<const char> data, int to) override {
    const auto span = wait("send");
    inner_->send(data, to);
  }
  void receive(std::span<char> data, int from) override {
    const auto span = wait("receive");
    inner_->receive(data, from);
  }
  void clear_alarm() override {
    const auto span = meet("all_reduce");
    inner_->clear_alarm();
  }

  void raise_alarm() override { inner_->raise_alarm(); }
  bool alarmed() override { return inner_->alarmed(); }
  void post(std::span<const Count> counts) override { inner_->post(counts); }
  std::vector<Count> collect() override { return inner_->collect(); }
  void set_idle(std::function<void()> idle) override { inner_->set_idle(std::move(idle)); }
  bool conclude(bool well) override { return inner_->conclude(well); }
  Survivors survivors() override { return inner_->survivors(); }
  [[noreturn]] void abort(int exit_code) override {
    inner_->abort(exit_code);
    std::abort();  // not reached
  }

 private:
  Trace::Span wait(const char* verb) { return trace_.span(Track::wait, verb); }
  Trace::Span meet(const char* verb) {
    trace_.meet();
    return wait(verb);
  }

  std::shared_ptr<Transport> inner_;
  Trace trace_;
};

}  // namespace

Communicator traced(const Communicator& comm, Trace trace) {
  if (!trace.records()) return comm;
  return Communicator(std::make_shared<Traced>(comm.transport_, std::move(trace)));
}

}  // namespace dream::comm
