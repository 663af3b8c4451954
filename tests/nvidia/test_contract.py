"""Every name of TensorRT's and CUDA's that is used exists in the releases that are supported, and takes what it is given.

mypy sees to it that nothing else is used: what drives them knows them by the protocols that are looked through here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from appliance.detect import cuda_python, cuda_words, tensorrt_api
from appliance.detect.cuda import has_device_file
from tests.nvidia.releases import answer_of, folder_of, hollow_libraries

TENSORRT = ("tensorrt-10.3", "tensorrt-10.16", "tensorrt-11.4")
CUDA = ("cuda-12.9", "cuda-13.5")

LOOK_THROUGH_TENSORRT = r"""
import ctypes, json, sys
for path in json.loads(sys.argv[1]):
    ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
import tensorrt_bindings as trt
from appliance.detect.tensorrt_words import Words, logger_of, recorder_of

def found(name):
    thing = trt
    for part in name.split("."):
        if not hasattr(thing, part):
            return None
        thing = getattr(thing, part)
    return thing.__doc__ or ""

words = Words()
logger, recorder = logger_of(trt, words), recorder_of(trt, words)
logger.log(trt.ILogger.Severity.WARNING, "a warning")
logger.log(trt.ILogger.Severity.ERROR, "an error")
said = [words.take()]
recorder.report_error(trt.ErrorCodeTRT.INTERNAL_ERROR, "a report")
said += [recorder.num_errors(), recorder.get_error_desc(0), words.take(), recorder.num_errors()]
print(json.dumps({"version": trt.__version__, "said": said, "names": {name: found(name) for name in json.loads(sys.argv[2])}}))
"""

LOOK_THROUGH_CUDA = r"""
import json, sys
from cuda.bindings import runtime
places = (runtime, runtime.cudaError_t)
print(json.dumps([name for name in json.loads(sys.argv[1]) if not any(hasattr(place, name) for place in places)]))
"""

# Without a driver every call comes back with an error of CUDA's; one that is called wrongly would raise another one.
CALL_CUDA = r"""
import json
from cuda.bindings import runtime
from appliance.detect.cuda import GpuError, Pinned
from appliance.detect.cuda_python import CudaPython

cuda = object.__new__(CudaPython)
cuda._cuda = runtime
stream, event, graph = runtime.cudaStream_t(0), runtime.cudaEvent_t(0), runtime.cudaGraphExec_t(0)
calls = {
    "allocate": (16,), "free": (4096,), "free_pinned": (Pinned(4096, 0, 16),), "copy_in": (4096, 8192, 16, stream),
    "copy_out": (4096, 8192, 16, stream), "create_stream": (), "destroy_stream": (stream,), "synchronize": (stream,),
    "create_event": (), "destroy_event": (event,), "record": (event, stream), "wait_for": (event,), "begin_capture": (stream,),
    "end_capture": (stream,), "launch": (graph, stream), "destroy_graph": (graph,),
}
told = {}
for name, arguments in calls.items():
    try:
        getattr(cuda, name)(*arguments)
    except GpuError as error:
        told[name] = str(error)
for is_mapped in (False, True):
    try:
        cuda.allocate_pinned(16, is_mapped=is_mapped)
    except GpuError as error:
        told["allocate_pinned"] = str(error)
errors = [
    runtime.cudaHostGetDevicePointer(4096, 0), runtime.cudaGraphInstantiate(runtime.cudaGraph_t(0), 0),
    runtime.cudaGraphDestroy(runtime.cudaGraph_t(0)), runtime.cudaMemGetInfo(), runtime.cudaGetDeviceProperties(0),
    runtime.cudaDeviceGetAttribute(runtime.cudaDeviceAttr.cudaDevAttrIntegrated, 0), runtime.cudaSetDevice(0),
]
numbers = [int(runtime.cudaStream_t(5)), int(runtime.cudaEvent_t(7)), runtime.cudaDriverGetVersion()[1]]
print(json.dumps({"told": told, "errors": [int(error[0]) for error in errors], "numbers": numbers}))
"""


def protocols() -> Iterator[tuple[str, type]]:
    """TensorRT's classes, as they are used."""
    for name, kind in vars(tensorrt_api).items():
        if inspect.isclass(kind) and getattr(kind, "_is_protocol", False) and kind.__module__ == tensorrt_api.__name__:
            yield name, kind


def used_names() -> dict[str, int | None]:
    """Every name that is used, and with how many arguments where it is called."""
    names: dict[str, int | None] = {}
    for owner, kind in protocols():
        place = "" if kind is tensorrt_api.TensorRt else f"{owner}."
        names |= {owner: None} if place else {}
        names |= {f"{place}{name}": None for name in vars(kind).get("__annotations__", {}) if not name.startswith("_")}
        for name, value in vars(kind).items():
            if isinstance(value, FunctionType) and not name.startswith("_"):
                names[f"{place}{name}"] = len(inspect.signature(value).parameters) - 1
    return names


def takes(documentation: str, arguments: int) -> bool:
    """Whether one of the signatures at the beginning of a docstring of pybind11's takes so many arguments beside ``self``."""
    signatures = re.findall(r"^(?:\d+\. )?\w+\(self: [^\n]*\) -> ", documentation, re.MULTILINE)
    for signature in signatures:
        parameters = re.findall(r", (\w+): [^,=()]*(=)?", signature)
        if sum(not has_default for _, has_default in parameters) <= arguments <= len(parameters):
            return True
    return False


@pytest.mark.parametrize("release", TENSORRT)
def test_tensorrt_has_what_is_used_of_it(release: str, tmp_path: Path) -> None:
    folder, wanted = folder_of(release), used_names()
    libraries = hollow_libraries(tmp_path, int(release.partition("-")[2].partition(".")[0]))
    seen: dict[str, Any] = answer_of(LOOK_THROUGH_TENSORRT, [str(path) for path in libraries], list(wanted), beside=folder)
    assert seen["version"].startswith(release.partition("-")[2] + ".")
    assert [name for name, text in seen["names"].items() if text is None] == []
    misfits = {name: seen["names"][name] for name, count in wanted.items() if count and not takes(seen["names"][name], count)}
    assert misfits == {}
    # A logger and a recorder of ours are called by it, not by us.
    assert seen["said"] == ["an error", 1, "a report", "a report", 0]


def test_all_that_is_used_of_tensorrt_is_looked_at() -> None:
    names = used_names()
    assert names["IExecutionContext.execute_async_v3"] == 1
    assert names["ICudaEngine.num_io_tensors"] is None
    assert "MemoryPoolType.WORKSPACE" in names
    assert "IErrorRecorder" in names
    assert len(names) > 60


@pytest.mark.parametrize("release", CUDA)
def test_cuda_has_what_is_used_of_it(release: str) -> None:
    names = [name for name in vars(cuda_python.Runtime) if name.startswith("cuda")]
    names += list(vars(cuda_python.Runtime)["__annotations__"])
    errors = [*cuda_words.REMEDIES, *cuda_words.OF_CHOICE]
    source = inspect.getsource(cuda_python)
    assert set(re.findall(r"_?cuda\.(cuda[A-Z]\w+)", source)) <= set(names)
    members = set(re.findall(r"\.(cudaDevAttr\w+|cudaMemcpy\w+To\w+|cudaStreamCaptureMode\w+|cudaErrorMemoryAllocation)", source))
    assert len(members) == 7
    assert answer_of(LOOK_THROUGH_CUDA, names + errors, beside=folder_of(release)) == []


@pytest.mark.parametrize("release", CUDA)
def test_cuda_is_called_as_it_wants_to_be(release: str) -> None:
    folder = folder_of(release)
    if has_device_file():
        pytest.skip("there is a GPU here, which would be asked for nonsense")
    seen = answer_of(CALL_CUDA, beside=folder)
    asked = {name for name, value in vars(cuda_python.CudaPython).items() if isinstance(value, FunctionType) and name[0] != "_"}
    assert set(seen["told"]) == asked
    assert all("cudaErrorInsufficientDriver" in sentence for sentence in seen["told"].values())
    assert set(seen["errors"]) == {35}
    assert seen["numbers"] == [5, 7, 0]
