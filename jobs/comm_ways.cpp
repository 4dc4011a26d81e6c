#include "jobs/comm_ways.hpp"

#include <algorithm>
#include <optional>

#include "comm/agree.hpp"

namespace dream::jobs {
namespace {

std::vector<std::int64_t> in_bytes(std::vector<std::int64_t> counts) {
  for (auto& count : counts) count *= word_bytes;
  return counts;
}

class OverMpi final : public Way {
 public:
  explicit OverMpi(comm::Communicator comm) : comm_(std::move(comm)) {}
  std::string name() const override { return "mpi"; }
  bool has(Verb) const override { return true; }
  void take(Load load) override { load_ = std::move(load); }
  Words arrived() override { return arrived_; }

  void run() override {
    const std::span<const std::uint64_t> out(load_.out);
    switch (load_.verb) {
      case Verb::broadcast:
        arrived_ = load_.out;
        return comm_.broadcast(std::span<std::uint64_t>(arrived_), 0);
      case Verb::all_gather_v:
        arrived_ = comm_.all_gather_v(out).values;
        return;
      case Verb::all_to_all_v:
        arrived_ = comm_.all_to_all_v(out, std::span<const std::int64_t>(load_.counts)).values;
        return;
      case Verb::all_reduce:
        sums_.assign(out.begin(), out.end());
        comm_.all_reduce(sums_, comm::Reduce::sum);
        arrived_.assign(sums_.begin(), sums_.end());
        return;
    }
  }

 private:
  comm::Communicator comm_;
  Load load_;
  Words arrived_;
  std::vector<std::int64_t> sums_;
};

class OverNccl final : public Way {
 public:
  OverNccl(comm::Communicator comm, std::shared_ptr<const comm::Gpu> gpu)
      : gpu_(gpu), nccl_(std::move(comm), std::move(gpu)) {}
  std::string name() const override { return "nccl"; }
  bool has(Verb verb) const override { return verb != Verb::all_reduce; }  // sums stay on MPI

  void take(Load load) override {
    load_ = std::move(load);
    counts_ = in_bytes(load_.counts);
    out_.emplace(gpu_, std::ssize(load_.out) * word_bytes);
    in_.emplace(gpu_, load_.verb == Verb::broadcast ? 0 : load_.in * word_bytes);
    gpu_->copy_in(out_->span(), reinterpret_cast<const char*>(load_.out.data()));
    nccl_.finish();
  }
  void run() override {
    if (load_.verb == Verb::broadcast) nccl_.broadcast(out_->span(), 0);
    if (load_.verb == Verb::all_gather_v) nccl_.all_gather_v(out_->span(), counts_, in_->span());
    if (load_.verb == Verb::all_to_all_v) nccl_.all_to_all_v(out_->span(), counts_, in_->span(), counts_);
  }
  Words arrived() override {
    Words words(static_cast<std::size_t>(load_.in));
    const auto& place = load_.verb == Verb::broadcast ? out_ : in_;
    gpu_->copy_out(reinterpret_cast<char*>(words.data()), place->span());
    nccl_.finish();
    return words;
  }

 private:
  std::shared_ptr<const comm::Gpu> gpu_;
  comm::Nccl nccl_;
  Load load_;
  std::vector<std::int64_t> counts_;
  std::optional<comm::DeviceBuffer> out_, in_;
};

class Staged final : public Way {
 public:
  explicit Staged(std::unique_ptr<comm::VectorExchange> exchange) : exchange_(std::move(exchange)) {}
  std::string name() const override { return "nccl, staged"; }
  bool has(Verb verb) const override { return verb == Verb::all_to_all_v; }
  void take(Load load) override {
    load_ = std::move(load);
    counts_ = in_bytes(load_.counts);
  }
  void run() override {
    const auto* bytes = reinterpret_cast<const char*>(load_.out.data());
    arrived_ = exchange_->all_to_all_v({bytes, load_.out.size() * sizeof(std::uint64_t)}, counts_).values;
  }
  Words arrived() override {
    Words words(arrived_.size() / sizeof(std::uint64_t));
    std::copy(arrived_.begin(), arrived_.end(), reinterpret_cast<char*>(words.data()));
    return words;
  }

 private:
  std::unique_ptr<comm::VectorExchange> exchange_;
  Load load_;
  std::vector<std::int64_t> counts_;
  std::vector<char> arrived_;
};

}  // namespace

std::unique_ptr<Way> over_mpi(comm::Communicator comm) { return std::make_unique<OverMpi>(std::move(comm)); }

std::unique_ptr<Way> over_nccl(comm::Communicator comm, const comm::NcclGround& ground) {
  std::shared_ptr<const comm::Gpu> gpu;
  comm::agree(comm, [&] { gpu = std::make_shared<const comm::Gpu>(ground.calls, ground.ordinal); });
  return std::make_unique<OverNccl>(std::move(comm), std::move(gpu));
}

std::unique_ptr<Way> staged(std::unique_ptr<comm::VectorExchange> exchange) {
  return std::make_unique<Staged>(std::move(exchange));
}

}  // namespace dream::jobs
