"""The disk of the state folder is full, has no inodes left, or is read-only: one message with the path, the system's words and a
remedy; nothing sealed is lost; and with room the same command ends with the same bytes.
"""
import kit
from kit import harness


class Disk(kit.Case):

    def small(self, options):
        kit.mount("-t", "tmpfs", "-o", options, "tmpfs", self.state)
        self.addCleanup(kit.subprocess.run, ["umount", "-l", self.state])

    def refused(self, ended, *words):
        self.assert_refused(ended, harness.STATE, str(self.state), *words)
        self.assertNotIn("chmod 777", ended.text)
        self.assertNotIn("HDF5", ended.text)

    def test_a_disk_that_fills_anywhere_in_a_sweep(self):
        """Each time a little more room: another stage meets the end."""
        self.small("size=16k")
        kept, stages = {}, set()
        for kilobytes in (16, 64, 160, 300, 700):
            kit.mount("-o", f"remount,size={kilobytes}k", self.state)
            ended = harness.sweep(2, self.config)
            if ended.code == harness.OK:
                break
            self.refused(ended, "No space left on device", "the same command continues")
            now = harness.part_stamps(self.place)
            self.assertEqual({name: now.get(name) for name in kept}, kept, "a sealed part was lost")
            kept = now
            stages.add(len(now))
        self.assertGreaterEqual(len(stages), 3, "the disk was full at too few places to tell")
        kit.mount("-o", "remount,size=64m", self.state)
        self.assert_ok(harness.sweep(2, self.config))
        self.assert_whole()

    def test_a_disk_without_inodes(self):
        self.small("nr_inodes=30")
        self.refused(harness.sweep(2, self.config), "No space left on device")
        kit.mount("-o", "remount,nr_inodes=0", self.state)
        self.assert_ok(harness.sweep(3, self.config))
        self.assert_whole()

    def test_a_read_only_folder_is_met_before_any_work(self):
        self.small("ro")
        self.refused(harness.sweep(3, self.config), "Read-only file system", "mount it for writing")

    def test_a_folder_that_turns_read_only_in_the_middle(self):
        """As after an error of the disk. What was sealed is still read."""
        self.small("size=64m")
        job = self.run_until_stopped_at("select", 1)
        kit.mount("-o", "remount,ro", self.state, patience=30)
        self.go_on(job, 1)
        self.refused(job.wait(), "Read-only file system")
        kit.mount("-o", "remount,rw", self.state)
        self.assert_ok(harness.sweep(2, self.config))
        self.assert_whole()


if __name__ == "__main__":
    kit.alone_with_mounts()
    harness.main()
