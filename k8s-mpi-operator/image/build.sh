#!/usr/bin/env bash
# usage: k8s-mpi-operator/image/build.sh COMMIT JOBS    in the build stage of the image, in the root of the sources
# Builds the programs against what fetch.sh has brought, and lays out under /image what the image gets besides Debian's packages.
set -euo pipefail
commit=$1 jobs=$2
programs=(dream_sweep dream_golden dream_ingest dream_reader dream_report state_inspect)
options=(-DDREAM_BUILD_TESTS=OFF -DDREAM_COMMIT="$commit" -DDREAM_WITH_CUDA=OFF)
if [[ -d /opt/openmpi ]]; then options+=(-DMPI_HOME=/opt/openmpi); fi
if [[ -d /opt/cuda ]]; then
  wheels=(/opt/cuda/lib/python3*/site-packages/nvidia)
  options+=(-DDREAM_WITH_CUDA=ON)
  export CUDACXX=${wheels[0]}/cu13/bin/nvcc
fi
cmake --preset release "${options[@]}"
cmake --build --preset release -j "$jobs" --target programs

install -D --strip --target-directory=/image/usr/local/bin "${programs[@]/#/build/release/bin/}"
install -m 755 jobs/on_hosts.sh /image/usr/local/bin
if [[ -d /opt/openmpi ]]; then
  # Without Python, compilers and headers. It finds its parts from where its programs are, under the same path on every host.
  mkdir -p /image/opt/openmpi/{bin,lib}
  cp -a /opt/openmpi/bin/{mpirun,mpiexec,ompirun_wrapper,prte,prted,prterun,ompi_info} /image/opt/openmpi/bin
  cp -a /opt/openmpi/lib/{openmpi,lib*.so*} /image/opt/openmpi/lib
  cp -a /opt/openmpi/{share,etc} /image/opt/openmpi
  for name in mpirun mpiexec prted ompi_info; do ln -s "/opt/openmpi/bin/$name" "/image/usr/local/bin/$name"; done
fi
if [[ -d /opt/cuda ]]; then
  install -D -m 644 --target-directory=/image/opt/cuda/lib "${wheels[0]}/cu13/lib/libcublasLt.so.13" "${wheels[0]}/nccl/lib/libnccl.so.2"
  # Not by an environment variable: a rank that ssh starts would not have it.
  install -D -m 644 /dev/stdin /image/etc/ld.so.conf.d/cuda.conf <<</opt/cuda/lib # path-ok: below /image
fi
