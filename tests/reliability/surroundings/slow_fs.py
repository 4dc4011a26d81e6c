"""usage: slow_fs.py BEHIND MOUNTPOINT STALLED
A file system that shows what lies in the folder BEHIND, and stands still while the file STALLED exists: a file server that does
not answer. Needs FUSE (Debian: python3-fusepy). Ends with its mount.
"""
import os
import sys
import time

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian puts fusepy, whichever python3 runs this
import fusepy as fuse  # noqa: E402


class SlowFs(fuse.Operations):
    def __init__(self, behind, stalled):
        self.behind, self.stalled = behind, stalled

    def __call__(self, operation, *arguments):
        while os.path.exists(self.stalled):
            time.sleep(0.05)
        return super().__call__(operation, *arguments)

    def real(self, path):
        return self.behind + path

    def access(self, path, mode):
        if not os.access(self.real(path), mode):
            raise fuse.FuseOSError(fuse.EACCES)

    def getattr(self, path, fh=None):
        found = os.lstat(self.real(path))
        return {name: getattr(found, name) for name in dir(found) if name.startswith("st_") and not name.endswith("_ns")}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.real(path))]

    def statfs(self, path):
        found = os.statvfs(self.real(path))
        return {name: getattr(found, name) for name in dir(found) if name.startswith("f_") and name != "f_fsid"}

    def open(self, path, flags):
        return os.open(self.real(path), flags)

    def create(self, path, mode, fi=None):
        return os.open(self.real(path), os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.real(path), length)

    def fsync(self, path, datasync, fh):
        os.fsync(fh)

    def fsyncdir(self, path, datasync, fh):
        return 0

    def release(self, path, fh):
        os.close(fh)

    def mkdir(self, path, mode):
        os.mkdir(self.real(path), mode)

    def rmdir(self, path):
        os.rmdir(self.real(path))

    def unlink(self, path):
        os.unlink(self.real(path))

    def rename(self, old, new):
        os.rename(self.real(old), self.real(new))

    def chmod(self, path, mode):
        os.chmod(self.real(path), mode)

    def utimens(self, path, times=None):
        os.utime(self.real(path), times)


if __name__ == "__main__":
    fuse.FUSE(SlowFs(sys.argv[1], sys.argv[3]), sys.argv[2], foreground=True, nothreads=False)
