/** Metrics of Apache ZooKeeper 3.8 that zkt does not have, and why. */
const THREADS = 'measures a queue or a thread between request processors; zkt has neither';
const CACHE = 'counts the cache of replies; zkt has none';
const JAVA = 'measures a part of the Java server that zkt does not have';

/** By name. */
export const ABSENT: Readonly<Record<string, string>> = Object.fromEntries(
  (
    [
      [
        THREADS,
        'commit_commit_proc_req_queued commit_process_time concurrent_request_processing_in_commit_processor ' +
          'close_session_prep_time learner_request_processor_queue_size local_write_committed_time_ms ' +
          'pending_session_queue_size prep_process_time prep_processor_queue_size prep_processor_queue_time_ms ' +
          'prep_processor_request_queued proposal_process_time read_commit_proc_issued read_commit_proc_req_queued ' +
          'read_commitproc_time_ms read_final_proc_time_ms reads_after_write_in_session_queue ' +
          'reads_issued_from_session_queue request_commit_queued request_throttle_queue_time_ms ' +
          'requests_in_session_queue requests_not_forwarded_to_commit_processor server_write_committed_time_ms ' +
          'session_queues_drained skip_learner_request_to_next_processor_count sync_process_time ' +
          'sync_processor_queue_and_flush_time_ms sync_processor_queue_flush_time_ms sync_processor_queue_size ' +
          'sync_processor_queue_time_ms sync_processor_request_queued ' +
          'time_waiting_empty_pool_in_commit_processor_read_ms write_batch_time_in_commit_processor ' +
          'write_commit_proc_issued write_commit_proc_req_queued write_commitproc_time_ms write_final_proc_time_ms ' +
          'stale_requests stale_requests_dropped stale_replies learner_handler_qp_size learner_handler_qp_time_ms',
      ],
      [
        CACHE,
        'response_packet_cache_hits response_packet_cache_misses response_packet_get_children_cache_hits ' +
          'response_packet_get_children_cache_misses',
      ],
      [
        JAVA,
        'add_dead_watcher_stall_time dead_watchers_cleaner_latency ' +
          'dead_watchers_cleared dead_watchers_queued jvm_pause_time_ms netty_queued_buffer_capacity ' +
          'socket_closing_time connection_token_deficit om_commit_process_time_ms om_proposal_process_time_ms',
      ],
    ] as const
  ).flatMap(([why, names]) => names.split(' ').map((name) => [name, why])),
);
