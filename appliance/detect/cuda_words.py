"""What to do about an error of CUDA's, for people. Pure."""

from __future__ import annotations

ANEW = "'nvidia-smi' tells how it is; where that does not answer, either, start the computer anew"
MEMORY = "'nvidia-smi' tells who has its memory; a smaller detector.max_batch, or one program less there, makes room"
REMEDIES = {
    "cudaErrorInsufficientDriver": (
        "its driver is older than this CUDA wants: update it on the host, or take an image with an older CUDA (TAG)"
    ),
    "cudaErrorSystemDriverMismatch": (
        "the kernel's part of the driver and the library are of two releases, as after an update: start the computer anew"
    ),
    "cudaErrorCompatNotSupportedOnDevice": "this image's CUDA is newer than the driver: update that on the host",
    "cudaErrorSystemNotReady": "'systemctl status nvidia-fabricmanager' on the host tells what it waits for",
    "cudaErrorDevicesUnavailable": "another program has it for itself: 'nvidia-smi --compute-mode=DEFAULT' lets several use it",
    "cudaErrorMpsConnectionFailed": "its MPS server does not answer: start that, or unset CUDA_MPS_PIPE_DIRECTORY",
    "cudaErrorOperatingSystem": (
        "it may not be opened: is this user in the groups video and render? A container that had it and has lost it is to be "
        "started anew"
    ),
    "cudaErrorMemoryAllocation": MEMORY,
    "cudaErrorDeviceUninitialized": ANEW,
    "cudaErrorInitializationError": ANEW,
    "cudaErrorUnknown": ANEW,
    "cudaErrorECCUncorrectable": ANEW,
    "cudaErrorNvlinkUncorrectable": ANEW,
    "cudaErrorExternalDevice": ANEW,
    "cudaErrorLaunchFailure": ANEW,
    "cudaErrorLaunchTimeout": ANEW,
    "cudaErrorHardwareStackError": ANEW,
}
# These are about the choice that an environment variable makes.
OF_CHOICE = ("cudaErrorNoDevice", "cudaErrorInvalidDevice")


def remedy_for(error: str, *, is_seen: bool, chosen: str | None) -> str:
    """What to do about an error, as the end of its sentence; empty where nobody knows.

    ``is_seen`` is whether the kernel knows a GPU, and ``chosen`` what ``CUDA_VISIBLE_DEVICES`` is, if it is anything.
    """
    if error in OF_CHOICE and chosen is not None:
        return f"; CUDA_VISIBLE_DEVICES is '{chosen}': unset it, or let it name one that 'nvidia-smi -L' lists"
    if error == "cudaErrorInsufficientDriver" and not is_seen:
        # So it is called, too, where there is no driver at all.
        return ""
    return f"; {REMEDIES[error]}" if error in REMEDIES else ""
