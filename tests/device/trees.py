"""File systems as boards have them, in what is read of them: paths, names and formats are theirs, the numbers made up."""

from __future__ import annotations

from pathlib import Path

Tree = dict[str, str]

ORIN_NANO: Tree = {
    # JetPack 6.2: L4T R36, kernel 5.15.
    "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, "
    "DATE: Wed Jan  8 01:49:37 UTC 2025\n# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\n"
    "TARGET_USERSPACE_LIB_DIR_PATH=usr/lib/aarch64-linux-gnu/nvidia\n",
    "etc/nvpmodel.conf": "# Keep this\n< POWER_MODEL ID=0 NAME=15W >\nCPU_ONLINE CORE_0 1\n< POWER_MODEL ID=1 NAME=25W >\n"
    "GPU MAX_FREQ 918000000\n< POWER_MODEL ID=2 NAME=MAXN_SUPER >\n# mandatory section\n< PM_CONFIG DEFAULT=1 >\n",
    "proc/device-tree/compatible": "nvidia,p3768-0000+p3767-0005-super\0nvidia,p3767-0005\0nvidia,tegra234\0",
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super\0",
    "proc/meminfo": "MemTotal:        7802916 kB\nMemFree:          211212 kB\nMemAvailable:    4101232 kB\n",
    "sys/class/devfreq/15340000.vic/cur_freq": "435200000\n",
    "sys/class/devfreq/15480000.nvdec/cur_freq": "601600000\n",
    "sys/class/devfreq/15480000.nvdec/device/power/runtime_active_time": "60000\n",
    "sys/class/devfreq/15480000.nvdec/device/power/runtime_suspended_time": "940000\n",
    "sys/class/devfreq/17000000.gpu/cur_freq": "612000000\n",
    "sys/class/devfreq/17000000.gpu/device/load": "437\n",
    "sys/class/devfreq/17000000.gpu/max_freq": "1020000000\n",
    "sys/class/hwmon/hwmon0/name": "pwmfan\n",
    "sys/class/hwmon/hwmon1/curr1_input": "1856\n",
    "sys/class/hwmon/hwmon1/curr2_input": "512\n",
    "sys/class/hwmon/hwmon1/curr3_input": "344\n",
    "sys/class/hwmon/hwmon1/in1_input": "4984\n",
    "sys/class/hwmon/hwmon1/in1_label": "VDD_IN\n",
    "sys/class/hwmon/hwmon1/in2_input": "4976\n",
    "sys/class/hwmon/hwmon1/in2_label": "VDD_CPU_GPU_CV\n",
    "sys/class/hwmon/hwmon1/in3_input": "4984\n",
    "sys/class/hwmon/hwmon1/in3_label": "VDD_SOC\n",
    "sys/class/hwmon/hwmon1/in7_label": "sum of shunt voltages\n",
    "sys/class/hwmon/hwmon1/name": "ina3221\n",
    "sys/class/hwmon/hwmon3/name": "soctherm_oc\n",
    "sys/class/hwmon/hwmon3/oc1_event_cnt": "0\n",
    "sys/class/hwmon/hwmon3/oc2_event_cnt": "2\n",
    "sys/class/hwmon/hwmon3/oc3_event_cnt": "27390\n",
    "sys/class/thermal/cooling_device0/cur_state": "1\n",
    "sys/class/thermal/cooling_device0/type": "pwm-fan\n",
    "sys/class/thermal/cooling_device1/cur_state": "0\n",
    "sys/class/thermal/cooling_device1/type": "cpufreq-cpu0\n",
    "sys/class/thermal/cooling_device2/cur_state": "0\n",
    "sys/class/thermal/cooling_device2/type": "devfreq-17000000.gpu\n",
    "sys/class/thermal/cooling_device3/cur_state": "0\n",
    "sys/class/thermal/cooling_device3/type": "gpu-throttle-alert\n",
    "sys/class/thermal/cooling_device10/cur_state": "1\n",
    "sys/class/thermal/cooling_device10/type": "hot-surface-alert\n",
    "sys/class/thermal/thermal_zone0/temp": "52312\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone1/temp": "51500\n",
    "sys/class/thermal/thermal_zone1/type": "gpu-thermal\n",
    # Switched off: reading it fails, as an empty file does.
    "sys/class/thermal/thermal_zone2/temp": "",
    "sys/class/thermal/thermal_zone2/type": "cv0-thermal\n",
    "sys/class/thermal/thermal_zone8/temp": "52312\n",
    "sys/class/thermal/thermal_zone8/type": "tj-thermal\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1113600\n",
    "sys/devices/system/cpu/cpu4/cpufreq/scaling_cur_freq": "1728000\n",
    "var/lib/nvpmodel/status": "pmode:0002 fmode:fan_mode_quiet",
}

AGX_THOR: Tree = {
    # JetPack 7.0: L4T R38, kernel 6.8; the GPU's load is told by NVML alone.
    "etc/nv_tegra_release": "# R38 (release), REVISION: 2.0, GCID: 41844464, BOARD: generic, EABI: aarch64, "
    "DATE: Fri Aug 22 00:55:42 UTC 2025\n# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\nINSTALL_TYPE=\n",
    "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=1 NAME=120W >\n",
    "proc/device-tree/compatible": "nvidia,p4071-0000+p3834-0008\0nvidia,p3834-0008\0nvidia,tegra264\0",
    "proc/device-tree/model": "NVIDIA Jetson AGX Thor Developer Kit\0",
    "sys/class/devfreq/bwmgr/cur_freq": "4266000000\n",
    "sys/class/devfreq/gpu-gpc-0/cur_freq": "1575000000\n",
    "sys/class/devfreq/gpu-nvd-0/cur_freq": "1692000000\n",
    "sys/class/hwmon/hwmon5/oc1_event_cnt": "0\n",
    "sys/class/hwmon/hwmon5/oc2_event_cnt": "0\n",
    "sys/class/hwmon/hwmon5/oc3_event_cnt": "179\n",
    "sys/class/thermal/thermal_zone0/temp": "47562\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "var/lib/nvpmodel/status": "pmode:0001",
}

XAVIER_NX: Tree = {
    # JetPack 5.1.2: L4T R35, kernel 5.10.
    "etc/nv_tegra_release": "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64, "
    "DATE: Tue Aug  1 19:57:35 UTC 2023\n",
    "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=MODE_15W_2CORE >\n< POWER_MODEL ID=8 NAME=MODE_20W_6CORE >\n",
    "proc/device-tree/compatible": "nvidia,p3449-0000+p3668-0001\0nvidia,p3668-0001\0nvidia,tegra194\0",
    "proc/device-tree/model": "NVIDIA Jetson Xavier NX Developer Kit\0",
    "sys/class/devfreq/17000000.gv11b/cur_freq": "204000000\n",
    "sys/devices/gpu.0/load": "1000\n",
    "sys/class/hwmon/hwmon4/curr1_input": "632\n",
    "sys/class/hwmon/hwmon4/in1_input": "5048\n",
    "sys/class/hwmon/hwmon4/in1_label": "VDD_IN\n",
    "sys/class/hwmon/hwmon4/name": "ina3221\n",
    "sys/class/thermal/cooling_device0/cur_state": "2\n",
    "sys/class/thermal/cooling_device0/type": "gpu-balanced\n",
    "sys/class/thermal/thermal_zone0/temp": "97000\n",
    "sys/class/thermal/thermal_zone0/type": "CPU-therm\n",
    "sys/class/thermal/thermal_zone4/temp": "100000\n",
    "sys/class/thermal/thermal_zone4/type": "PMIC-Die\n",
    "var/lib/nvpmodel/status": "pmode:0008",
}

BOARDS = {"orin-nano": ORIN_NANO, "agx-thor": AGX_THOR, "xavier-nx": XAVIER_NX}


def planted(root: Path, tree: Tree) -> Path:
    """Such a file system below ``root``."""
    for name, content in tree.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root
