"""A place on the GPU where one batch is worked on at a time; several of them overlap copying and calculating.

Everything that a slot asks of the GPU goes through its one stream: pictures in, the network, its answer out. For every size there
is a context of its own with a graph of all three, because a graph holds addresses and the context's state as they were when it
was made: nothing of a context changes any more once its graph is there, and where memory has to grow, all of them are made anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from appliance.boxes import Floats
from appliance.detect.cuda import Cuda, GpuError, Graph
from appliance.detect.cuda_memory import DeviceMemory, Staging, quietly
from appliance.detect.tensorrt_api import IExecutionContext
from appliance.detect.tensorrt_layout import Shape, Size, size_of
from appliance.detect.tensorrt_plan import Plan
from appliance.ipc.frame_ring import Pixels

# Of one slot: 8 batch sizes of 4 shapes. What was not used for the longest time goes first.
MOST_LANES = 32


@dataclass(slots=True)
class Lane:
    """What is ready for one size."""

    context: IExecutionContext
    input_shape: Shape
    output_shape: Shape
    input_bytes: int
    output_bytes: int
    graph: Graph | None = None
    """None where this network cannot be captured."""


class Slot:
    """See above. Raises ``GpuError``; after one that is not final it is as before."""

    def __init__(self, cuda: Cuda, plan: Plan) -> None:
        self._cuda, self._plan = cuda, plan
        self._lanes: OrderedDict[Size, Lane] = OrderedDict()
        self._under_way: Lane | None = None
        with ExitStack() as undo:
            self._stream = cuda.create_stream()
            undo.callback(quietly, cuda.destroy_stream, self._stream)
            self._event = cuda.create_event()
            undo.callback(quietly, cuda.destroy_event, self._event)
            is_mapped = cuda.info.is_integrated
            self._workspace = undo.enter_context(DeviceMemory(cuda, plan.workspace_bytes))
            self._input = undo.enter_context(Staging(cuda, is_mapped=is_mapped))
            self._output = undo.enter_context(Staging(cuda, is_mapped=is_mapped))
            undo.callback(self._drop_lanes)
            # The first to be called.
            undo.callback(quietly, cuda.synchronize, self._stream)
            self._holdings = undo.pop_all()

    def close(self) -> None:
        """Wait for what is under way, and give everything back; whatever the GPU says to that."""
        self._holdings.close()

    def is_ready_for(self, size: Size) -> bool:
        """Whether a batch of this size can begin at once."""
        return size in self._lanes

    def forget(self) -> None:
        """Be ready for nothing, with as little memory as in the beginning. Nothing may be under way."""
        self._drop_lanes()
        self._input.close()
        self._output.close()

    def make_ready(self, size: Size) -> None:
        """So that a batch of this size can begin at once. Nothing may be under way."""
        if size in self._lanes:
            self._lanes.move_to_end(size)
            return
        try:
            lane = self._new_lane(size)
            # What a new shape asks for is done by the first run, and must not be in the graph.
            self._ask_for(lane)
            self._cuda.synchronize(self._stream)
            lane.graph = self._captured(lane)
        except RuntimeError:
            self._settle()
            raise
        self._lanes[size] = lane
        while len(self._lanes) > MOST_LANES:
            _, oldest = self._lanes.popitem(last=False)
            self._drop(oldest)

    def start(self, pictures: Sequence[Pixels]) -> None:
        """Begin with a batch of (H, W, 3) pictures, which are not needed any more afterwards. Nothing may be under way."""
        size = size_of(pictures)
        self.make_ready(size)
        lane = self._lanes[size]
        self._plan.input.fill(self._input.as_array(lane.input_shape, self._plan.input.dtype), pictures)
        try:
            if lane.graph is not None:
                self._cuda.launch(lane.graph, self._stream)
            else:
                self._ask_for(lane)
            self._cuda.record(self._event, self._stream)
        except GpuError:
            self._settle()
            raise
        self._under_way = lane

    def finish(self) -> Floats:
        """The answer (N, …) of the batch that is under way, valid until the next one begins here; waits for it.

        Where it fails the batch is lost, and another one can begin.
        """
        lane, self._under_way = self._under_way, None
        # Whoever asks has started it.
        assert lane is not None
        try:
            self._cuda.wait_for(self._event)
        except GpuError:
            self._settle()
            raise
        answer = self._output.as_array(lane.output_shape, self._plan.output_dtype)
        return answer if answer.dtype == np.float32 else answer.astype(np.float32)

    def _new_lane(self, size: Size) -> Lane:
        layout, plan = self._plan.input, self._plan
        shape, profile = layout.shape_of(size), layout.profile_for(size)
        context = plan.new_context()
        wanted = f"take pictures of shape {shape}"
        if len(layout.profiles) > 1:
            plan.check(wanted, is_done=context.set_optimization_profile_async(profile.index, int(self._stream)))
        plan.check(wanted, is_done=context.set_input_shape(layout.name, shape))
        plan.check(wanted, is_done=not context.infer_shapes())
        output_shape = tuple(int(side) for side in context.get_tensor_shape(plan.output_name))
        plan.check(f"tell how large its answer to {shape} is", is_done=min(output_shape, default=0) > 0)
        lane = Lane(
            context,
            shape,
            output_shape,
            int(np.prod(shape)) * layout.dtype.itemsize,
            int(np.prod(output_shape)) * plan.output_dtype.itemsize,
        )
        if self._input.is_less_than(lane.input_bytes) or self._output.is_less_than(lane.output_bytes):
            # They would go on with the old memory.
            self._drop_lanes()
            self._input.grow(lane.input_bytes)
            self._output.grow(lane.output_bytes)
        context.set_device_memory(self._workspace.address, self._workspace.size_bytes)
        plan.check(wanted, is_done=context.set_tensor_address(layout.name, self._input.device_address))
        plan.check(wanted, is_done=context.set_tensor_address(plan.output_name, self._output.device_address))
        return lane

    def _ask_for(self, lane: Lane) -> None:
        self._input.copy_in(lane.input_bytes, self._stream)
        self._plan.check("work on pictures", is_done=lane.context.execute_async_v3(int(self._stream)))
        self._output.copy_out(lane.output_bytes, self._stream)

    def _captured(self, lane: Lane) -> Graph | None:
        """All of it as a graph; None where that is not possible."""
        self._cuda.begin_capture(self._stream)
        is_whole = self._can_be_asked_for(lane)
        try:
            graph = self._cuda.end_capture(self._stream)
        except GpuError as error:
            if error.is_final:
                raise
            return None
        if not is_whole:
            quietly(self._cuda.destroy_graph, graph)
            return None
        return graph

    def _can_be_asked_for(self, lane: Lane) -> bool:
        try:
            self._ask_for(lane)
        except GpuError as error:
            if error.is_final:
                raise
            return False
        return True

    def _settle(self) -> None:
        """Wait for what has been asked for already; what becomes of it does not matter."""
        quietly(self._cuda.synchronize, self._stream)

    def _drop_lanes(self) -> None:
        # Nothing is; and a context must not outlive its memory.
        self._under_way = None
        while self._lanes:
            _, lane = self._lanes.popitem()
            self._drop(lane)

    def _drop(self, lane: Lane) -> None:
        if lane.graph is not None:
            quietly(self._cuda.destroy_graph, lane.graph)
            lane.graph = None
