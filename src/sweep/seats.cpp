#include "sweep/seats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/host.hpp"
#include "comm/agree.hpp"
#include "comm/vector_exchange.hpp"

namespace dream::sweep {
namespace {

/// A rank's GPU as it tells the others; without uuid it has none.
struct GpuName {
  std::array<char, 64> name{};
  std::array<char, 40> uuid{};
};

template <std::size_t N>
void copy(const std::string& text, std::array<char, N>& to) {
  text.copy(to.data(), to.size() - 1);
}

[[noreturn]] void refuse(const comm::Communicator& comm, const device::Refusal& refusal) {
  throw Error(refusal.code, fmt::format("{} (rank {} on {})", refusal.text, comm.rank(), host_name()));
}

/// Vectors must not depend on the rank that makes them.
void check_equal(comm::Communicator& comm, const std::string& numeric_class) {
  const auto all = comm.all_gather_v(std::span<const char>(numeric_class));
  comm::agree(comm, [&] {
    const auto first = all.from(0);
    const std::string expected(first.begin(), first.end());
    if (expected == numeric_class) return;
    refuse(comm,
           {ExitCode::device, fmt::format("device.backend: this rank computes with \"{}\", and rank 0 "
                                          "with \"{}\", which gives other bits; start the ranks on equal "
                                          "GPUs with the same cuBLAS",
                                          numeric_class, expected)});
  });
}

}  // namespace

Seat find_seat(comm::Communicator& comm, const comm::Hosts& hosts, const device::BackendRow& row,
               const config::Device& wanted) {
  GpuName mine;
  Seat seat;
  comm::agree(comm, [&] {
    seat.refusal = row.refusal();
    if (seat.refusal) return;
    const auto gpus = row.find();
    seat.refusal = device::refusal_of_gpus(gpus, row.name);
    if (seat.refusal) return;
    seat.gpu = device::gpu_of(gpus, hosts.number_on_host(comm.rank()));
    copy(seat.gpu.name, mine.name);
    copy(seat.gpu.uuid, mine.uuid);
  });
  std::vector<device::Seat> seats;
  for (const auto& [name, uuid] : comm.all_gather(mine))
    seats.push_back({hosts[static_cast<int>(seats.size())], name.data(), uuid.data()});
  const auto& own = seats[static_cast<std::size_t>(comm.rank())];
  seat.ranks = static_cast<int>(std::ranges::count_if(
      seats, [&](const auto& other) { return other.host == own.host && other.uuid == own.uuid; }));
  if (row.name == "cuda" && wanted.exchange != "mpi" && comm.size() > 1)
    seat.for_exchange = 2 * comm::ExchangeOptions{}.staging_bytes;
  seat.crowding = device::refusal_of_seats(seats, static_cast<int>(wanted.ranks_per_gpu));
  return seat;
}

std::shared_ptr<device::Accelerator> open_accelerator(comm::Communicator& comm, const comm::Hosts& hosts,
                                                      const config::Device& wanted, Seat& seat) {
  const auto* const row = device::backend_row(wanted.backend);
  if (row == nullptr) return nullptr;
  seat = find_seat(comm, hosts, *row, wanted);
  std::shared_ptr<device::Accelerator> accelerator;
  comm::agree(comm, [&] {
    if (seat.refusal) refuse(comm, *seat.refusal);
    if (seat.crowding) throw Error(seat.crowding->code, seat.crowding->text);
    try {
      accelerator = row->open(seat.gpu);
    } catch (const Error& error) {
      refuse(comm, {error.code, fmt::format("device.backend = \"{}\": {}", row->name, error.what())});
    }
    accelerator->allow(device::part_of(seat.gpu, seat.ranks, wanted.memory_share) - seat.for_exchange);
  });
  check_equal(comm, accelerator->numeric_class());
  return accelerator;
}

}  // namespace dream::sweep
