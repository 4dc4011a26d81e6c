"""tools/gpu-check without a GPU: it says so, its host side passes, and a failure is one."""
import os
import subprocess
import sys

import harness


class GpuCheck(harness.Case):

    def check(self, build, **env):
        return subprocess.run([sys.executable, harness.SOURCE / "tools" / "gpu-check", "--build", build, "--keep", self.folder / "kept"],
                              capture_output=True, text=True, timeout=280, env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **env})

    def test_the_host_side_passes_and_says_that_there_was_no_gpu(self):
        ended = self.check(harness.PROGRAMS.parent)
        self.assertEqual(ended.returncode, 3, ended.stdout + ended.stderr)
        self.assertIn("no GPU is at hand", ended.stdout)
        self.assertIn("ok   kernels, exact search, parity with the CPU", ended.stdout)
        self.assertIn("ok   the same verdict as on the CPU", ended.stdout)
        self.assertIn("ok   two ranks on one card write the same bytes as one", ended.stdout)
        self.assertNotIn("FAIL", ended.stdout)

    def test_programs_that_are_missing_are_a_failure(self):
        ended = self.check(self.folder)
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        self.assertIn("FAIL", ended.stdout)


harness.main()
