#!/usr/bin/env bash
# usage: tools/arm64_sysroot.sh FOLDER    as root, on Debian 12 of any processor, with the packages of `jobs/setup.sh arm64`
# Unpacks what the programs are built against and run with, for arm64, into FOLDER (1 GB), for the preset `arm64`. Nothing of it
# is run, and the packages of this machine stay as they are.
set -euo pipefail
if (($# != 1)); then
  echo "arm64_sysroot: usage: tools/arm64_sysroot.sh FOLDER" >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(realpath -m "$1")
if [[ -e $root/usr/include ]]; then exit 0; fi
# Compilers and tools are those of this machine.
packages=$(bash "$here/jobs/setup.sh" --list build | grep -vxE 'cmake|g\+\+|git|ninja-build|pkg-config')
debootstrap --foreign --arch=arm64 --variant=minbase --include="${packages//$'\n'/,}" bookworm "$root"
for package in "$root/var/cache/apt/archives"/*.deb; do
  # The links by which Debian has merged its folders stay links.
  dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --directory "$root"
done
rm -rf "$root/var/cache/apt/archives" "$root/debootstrap"
# Links that begin with / lead out of the folder.
while IFS= read -r -d '' link; do
  ln -sfnr "$root$(readlink "$link")" "$link"
done < <(find "$root" -xdev -type l -lname '/*' -print0)
# Chosen at installation, which did not take place.
for library in libblas.so libblas.so.3 liblapack.so liblapack.so.3 libopenblas.so libopenblas.so.0; do
  ln -sfn "openblas-openmp/$library" "$root/usr/lib/aarch64-linux-gnu/$library"
done
# FAISS says where its BLAS is, and means the machine on which it was built.
sed -i "s#\([;\"]\)/usr/lib/aarch64-linux-gnu/lib#\1$root/usr/lib/aarch64-linux-gnu/lib#g" "$root/usr/lib/aarch64-linux-gnu/cmake/faiss/faiss-targets.cmake" # path-ok: a place in that file
