"""How late the event loop is can be seen."""

import asyncio
import time

from gateway.observe import Observer
from gateway.serve.metrics import loop_delay_measured, metrics_text
from gateway.serve.metrics.loop_delay import EVERY_S


async def test_a_loop_that_is_held() -> None:
    """What holds the loop for long is in the histogram; nothing is measured afterwards."""
    observer = Observer()
    with loop_delay_measured(observer):
        await asyncio.sleep(0)
        time.sleep(EVERY_S + 0.3)
        await asyncio.sleep(0.01)
    text = (await metrics_text(observer)).decode()
    assert "gateway_event_loop_delay_seconds_count 1.0" in text
    assert 'gateway_event_loop_delay_seconds_bucket{le="0.25"} 0.0' in text
    await asyncio.sleep(EVERY_S + 0.05)
    assert (await metrics_text(observer)).decode().count("seconds_count 1.0") == 1
